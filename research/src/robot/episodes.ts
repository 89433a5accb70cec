/** Episodes: a policy moves the arm, a few steps after each prediction, until the cube is picked or the time is over. */
import { executed, width } from "./arm.ts";
import type { Environment, Outcome, Placement } from "./environment.ts";

/** Returns the next actions, `width` numbers each, after the states so far. */
export type Plan = (states: Float32Array) => Promise<Float32Array> | Float32Array;

/** Runs an episode; at most `executed` actions of each plan are carried out. */
export async function runEpisode(environment: Environment, placement: Placement, plan: Plan): Promise<Outcome> {
  environment.start(placement);
  const states: number[] = [...environment.state];
  for (;;) {
    const actions = await plan(Float32Array.from(states));
    for (let i = 0; i < executed; i++) {
      const outcome = environment.act(actions.subarray(i * width, (i + 1) * width));
      if (outcome !== "running") return outcome;
      states.push(...environment.state);
    }
  }
}
