/** The baseline: copies actions of the nearest demonstration, turned about the arm's axis and the hand's to the estimated location. */
import { cylindrical, executed, type Location, nextActions, type Steps, width } from "./arm.ts";

/** A demonstration with the true location of its cube. */
export interface LocatedDemonstration extends Steps {
  readonly location: Location;
}

/** Weight of a meter of distance from the axis beside a radian of a joint. */
const distanceWeight = 10;
/** Weight of a meter of the gripper's opening. */
const openingWeight = 10;

/**
 * Returns the next actions: those after the step, of all demonstrations, whose state is nearest to the arm's. Relative to the cube the first joint
 * is measured from its azimuth, and the last so that the hand's turn from the cube's sides is the same.
 */
export function copyActions(
  demonstrations: readonly LocatedDemonstration[],
  state: Float32Array,
  location: Location,
  count = executed,
): Float32Array {
  let least = Number.POSITIVE_INFINITY;
  let best = { demonstration: demonstrations[0], step: 0, turn: 0, handTurn: 0 };
  for (const demonstration of demonstrations) {
    const { states } = demonstration;
    for (let at = 0; at < states.length; at += width) {
      const theirs = states.subarray(at, at + width);
      const [radius, azimuth, side, hand] = cylindrical(location, state);
      const [otherRadius, otherAzimuth, otherSide, otherHand] = cylindrical(demonstration.location, theirs);
      const turn = azimuth + state[0] - otherAzimuth - theirs[0];
      let distance =
        (distanceWeight * (radius - otherRadius)) ** 2 + (state[0] - theirs[0] - turn) ** 2 + (side - otherSide) ** 2;
      for (let joint = 1; joint <= 3; joint++) distance += (state[joint] - theirs[joint]) ** 2;
      distance += (openingWeight * (state[5] - theirs[5])) ** 2;
      if (distance >= least) continue;
      least = distance;
      // The same turn from the cube's sides: the hand's turn differs by that of the sides.
      best = { demonstration, step: at / width, turn, handTurn: side + hand - (otherSide + otherHand) };
    }
  }
  const actions = new Float32Array(count * width);
  nextActions(best.demonstration.actions, best.step, count, actions);
  for (let at = 0; at < actions.length; at += width) {
    actions[at] += best.turn;
    actions[at + 4] += best.turn - best.handTurn;
  }
  return actions;
}
