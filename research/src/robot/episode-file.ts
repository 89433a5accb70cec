/** The file of episodes that the playground replays: a few placements under two kinds of features, and the outcomes of all. Nothing here needs the simulator. */
import type { Interval } from "s2-vision/metrics";
import type { Geometry } from "./geometry.ts";
import { type PackedPoses, unpackPoses } from "./packed-poses.ts";
import type { Placement } from "./placements.ts";

/** End of an episode: the cube was picked, the protective stop ended it, or the time was over. */
export type Ending = "picked" | "stopped" | "late";

export interface EpisodeFile {
  /** The command that wrote the file. */
  readonly command: string;
  readonly geometries: readonly Geometry[];
  readonly parents: readonly number[];
  /** Side of the cube and opening of the gripper in meters. */
  readonly cube: number;
  readonly opening: number;
  /** Seeds of the policies whose successes are averaged; episodes are those of the first. */
  readonly seeds: readonly number[];
  /** All test placements, x and y in mm. */
  readonly placements: readonly (readonly [x: number, y: number])[];
  /** The first of them in full, which are replayed. */
  readonly replayed: readonly Placement[];
  readonly conditions: readonly FileCondition[];
  /** Success, in percent, with features of as many tokens as the last condition's and no more detail. */
  readonly control: { readonly features: string; readonly success: Interval };
}

export interface FileCondition {
  /** "s2-tiny 1x". */
  readonly features: string;
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Runs of the model on a picture. */
  readonly tiles: number;
  /** Percent of all placements and seeds, as in research/results/robot.json. */
  readonly success: Interval;
  /** Outcome of each test placement with the first seed. */
  readonly outcomes: readonly Ending[];
  readonly episodes: readonly FileEpisode[];
}

export interface FileEpisode {
  /** Location of the cube that the policy was given, in meters. */
  readonly found: { readonly x: number; readonly y: number };
  /** Its distance from the cube in meters, and the difference of the turn in degrees. */
  readonly error: number;
  readonly turn: number;
  readonly poses: PackedPoses;
}

/** Steps of an episode in a second. */
export const STEPS_PER_SECOND = 10;

/** Returns the poses of an episode's bodies at the start and after each step, [bodies, 7] each. */
export const posesOf = ({ parents }: Pick<EpisodeFile, "parents">, { poses }: FileEpisode): Float64Array[] =>
  unpackPoses(poses, parents);
