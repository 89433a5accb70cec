/** Recordings of episodes as compact JSON, for replays without the simulator: the shapes, and the poses of their bodies at each step. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { ResearchError } from "../error.ts";
import type { Environment, Outcome, Placement } from "./environment.ts";
import { type Geometry, POSE } from "./geometry.ts";

/** An episode: poses are those at the start and after each step of 0.1 s, position and quaternion (w, x, y, z) of each body. */
export interface EpisodeRecord {
  readonly placement: Placement;
  readonly outcome: Outcome;
  readonly poses: readonly (readonly number[])[];
}

export interface Recording {
  /** Source of the actions: "1x", "expert". */
  readonly name: string;
  readonly geometries: readonly Geometry[];
  readonly episodes: readonly EpisodeRecord[];
}

/** Runs an episode with the actions that a function chooses and records the poses that `read` returns, by default rounded. */
export async function recordEpisode(
  environment: Environment,
  placement: Placement,
  choose: (environment: Environment) => Float32Array | Promise<Float32Array>,
  read: (environment: Environment) => readonly number[] = roundedPoses,
): Promise<EpisodeRecord> {
  environment.start(placement);
  const poses = [read(environment)];
  let outcome: Outcome = "running";
  while (outcome === "running") {
    outcome = environment.act(await choose(environment));
    poses.push(read(environment));
  }
  return { placement, outcome, poses };
}

/** Reads the poses of all bodies to 0.1 mm. */
export const roundedPoses = (environment: Environment): number[] =>
  Array.from(environment.poses(), (value) => Math.round(value * 1e4) / 1e4 + 0); // no negative zero

/** Writes a recording; numbers of shapes are rounded to 1 µm. */
export function writeRecording(path: string, recording: Recording): void {
  const rounded = (_: string, value: unknown) => (typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value);
  const geometries = JSON.parse(JSON.stringify(recording.geometries, rounded));
  writeFileSync(`${path}.part`, `${JSON.stringify({ ...recording, geometries })}\n`);
  renameSync(`${path}.part`, path);
}

/** Reads a recording that `writeRecording` wrote. */
export function readRecording(path: string): Recording {
  let recording: Recording;
  try {
    recording = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ResearchError(
      `Cannot read ${path} as a recording: ${(cause as Error).message}. Give a file that record-expert.ts wrote.`,
    );
  }
  const bodies = 1 + Math.max(...(recording.geometries ?? []).map(({ body }) => body));
  const isComplete = recording.episodes?.every(
    ({ poses }) => poses.length > 0 && poses.every(({ length }) => length === POSE * bodies),
  );
  if (!isComplete)
    throw new ResearchError(
      `Got ${path} without shapes and poses of each of them; expected a recording that record-expert.ts wrote.`,
    );
  return recording;
}
