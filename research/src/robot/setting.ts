/** A setting of the robot experiment: gripper opening and cube, with its demonstrations, test placements and trained policies. */
import { sha256 } from "../build-folder.ts";
import type { ExperimentContext } from "../context.ts";
import { ResearchError } from "../error.ts";
import { type Camera, cameraAt } from "./camera.ts";
import type { Condition } from "./conditions.ts";
import { demonstrate, type Environment, type Outcome, openEnvironment, type Placement, placements } from "./environment.ts";
import { type Plan, runEpisode } from "./episodes.ts";
import { type OpenedPolicy, openPolicy } from "./policy.ts";
import { type Lesson, type Recipe, trainPolicy } from "./train-policy.ts";

/** The setting in which all features are compared, in meters. */
export const usual = { opening: 0.045, cube: 0.03 };
export const clearance = usual.opening - usual.cube;

/** Numbers of demonstrations, tests and training steps. */
export interface Sizes {
  readonly demonstrations: number;
  readonly test: number;
  /** Side of the pictures in pixels. */
  readonly picture: number;
  /** Seeds of the policies. */
  readonly seeds: readonly number[];
  /** The recipe of every policy. */
  readonly recipe: Recipe;
  /** Openings of the gripper in meters, for the usual cube. */
  readonly openings: readonly number[];
  /** Sides of cubes in meters, each with the usual clearance between the fingers. */
  readonly cubes: readonly number[];
}

/** The sizes of the experiment; pictures are three times as large as the models' images. */
export const fullSizes: Sizes = {
  ...{ demonstrations: 120, test: 200, picture: 672, seeds: [1, 2, 3] },
  ...{ openings: [0.042, 0.045, 0.048], cubes: [0.02, 0.03, 0.04] },
  recipe: { shape: { dim: 64, depth: 2, heads: 4 }, steps: 2000, rate: 2e-3, episodes: 16, windows: 4, noise: 0.02 },
};

/** Seeds of the placements. */
const placementSeeds = { demonstrations: 1, test: 2 };

export interface Setting {
  /** Meters. */
  readonly opening: number;
  readonly cube: number;
  /** "30 mm cube, 45 mm opening". */
  readonly name: string;
  readonly environment: Environment;
  /** Sees the plane of the cube's center. */
  readonly camera: Camera;
  readonly demonstrations: readonly {
    readonly placement: Placement;
    readonly states: Float32Array;
    readonly actions: Float32Array;
  }[];
  readonly test: readonly Placement[];
  readonly sizes: Sizes;
  /** SHA-256 of demonstrations, test placements and a picture, so that figures of other ones are not read again. */
  readonly hash: string;
}

/** Opens a setting; demonstrations in which the expert fails are left out. */
export async function openSetting(opening: number, cube: number, sizes: Sizes): Promise<Setting> {
  const { demonstrations, test, picture } = sizes;
  const environment = await openEnvironment({ opening, cube });
  const shown = placements(demonstrations, placementSeeds.demonstrations).map((placement) => demonstrate(environment, placement));
  const picked = shown.filter(({ outcome }) => outcome === "picked");
  const tested = placements(test, placementSeeds.test);
  const facts = picked.map(({ placement, states, actions }) => [placement, sum(states), sum(actions)]);
  environment.start(tested[0]);
  const pixels = sha256(environment.picture(picture).data);
  return {
    ...{ opening, cube, environment, sizes },
    camera: cameraAt(cube / 2),
    name: `${Math.round(1000 * cube)} mm cube, ${Math.round(1000 * opening)} mm opening`,
    demonstrations: picked,
    test: tested,
    hash: sha256(JSON.stringify([facts, tested, pixels])),
  };
}

const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

/** Runs the expert on the test placements. */
export const runExpert = (
  context: Pick<ExperimentContext, "kept">,
  { environment, test, name, hash }: Setting,
): Promise<Outcome[]> =>
  context.kept(`expert ${name} ${hash.slice(0, 10)}`, async () =>
    test.map((placement) => demonstrate(environment, placement).outcome),
  );

/** Runs an episode for each test placement. */
export async function runAll(
  { environment, test }: Setting,
  planOf: (episode: number) => Plan,
  signal?: AbortSignal,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [i, placement] of test.entries()) {
    signal?.throwIfAborted();
    outcomes.push(await runEpisode(environment, placement, planOf(i)));
  }
  return outcomes;
}

/** Trains a policy on the setting's demonstrations, or reads it from its checkpoint, and returns it opened, with the loss of every step. */
export async function policyOf(
  context: Pick<ExperimentContext, "checkpoints" | "openLoop" | "openGraph" | "signal" | "say">,
  name: string,
  condition: Condition,
  lessons: readonly Lesson[],
  seed: number,
  recipe: Recipe,
): Promise<OpenedPolicy & { readonly losses: readonly number[] }> {
  const { openLoop, openGraph, signal, say } = context;
  const policy = await trainPolicy({
    ...{ condition, lessons, recipe, seed, openLoop, signal },
    checkpoints: context.checkpoints(
      `robot-policies/${`${name} ${sha256(JSON.stringify(recipe)).slice(0, 6)} ${seed}`.replaceAll(/[^\w.+-]+/g, "-")}`,
    ),
    onStep(step, { loss }) {
      if (step % 500 === 0) say(`${name}, seed ${seed}, step ${step} of ${recipe.steps}: loss ${loss.toExponential(2)}`);
    },
  });
  if (!policy) throw new ResearchError("The training was stopped; the same command resumes it.");
  return { ...(await openPolicy(policy, openGraph)), losses: policy.losses };
}
