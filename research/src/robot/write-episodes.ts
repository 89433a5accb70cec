/**
 * Writes the episodes that the playground replays, from the rows and policies that `npm run experiment -- robot` kept in its store:
 * `node research/run.mjs research/src/robot/write-episodes.ts --model models/s2-tiny`.
 */
import { renameSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { interval } from "s2-vision/metrics";
import type { ExperimentContext } from "../context.ts";
import { ResearchError, runCommand } from "../error.ts";
import { openContext } from "../open-context.ts";
import { executed, type Location, width } from "./arm.ts";
import { locationCondition } from "./conditions.ts";
import type { Environment, Outcome } from "./environment.ts";
import type { Ending, EpisodeFile, FileCondition } from "./episode-file.ts";
import { featureSets } from "./features.ts";
import { packPoses } from "./packed-poses.ts";
import type { OpenedPolicy } from "./policy.ts";
import { recordEpisode } from "./record.ts";
import { localizedRow, localizingRow } from "./rows.ts";
import { successOf } from "./scores.ts";
import { fullSizes, openSetting, policyOf, usual } from "./setting.ts";

/** Endings of the names of the two features that are replayed, and of those that control for the number of tokens. */
const REPLAYED = ["1x", "1x+2x+3x, finest grid"];
const CONTROL = "1x+2x+3x of 224 px, finest grid";

interface Flags {
  readonly model: string;
  readonly store: string;
  readonly count: string;
  readonly out: string;
}

const command = new Command("write-episodes")
  .description("Writes the first test episodes of the robot experiment, with 1x and with S², for the playground.")
  .option("--model <folder>", "the model of the experiment", "models/s2-tiny")
  .option("--store <folder>", "folder where the experiment kept its rows and policies", "features/experiments")
  .option("--count <n>", "number of placements, the first of the test", "24")
  .option("-o, --out <file>", "file of the episodes", "playground/robot/episodes.json")
  .action(async ({ model, store, count, out }: Flags) => {
    const opened = await openContext("robot", { model, store, data: "data", out: "research/results" });
    const file = await makeFile({ ...opened, publish: async () => {} }, Number(count));
    await opened.close();
    writeFileSync(`${out}.part`, `${JSON.stringify(file)}\n`);
    renameSync(`${out}.part`, out);
  });

async function makeFile(context: ExperimentContext, count: number): Promise<EpisodeFile> {
  const setting = await openSetting(usual.opening, usual.cube, fullSizes);
  const { environment, test, sizes } = setting;
  const replayed = test.slice(0, count);
  const sets = await featureSets(context);
  const rowsOf = async (ending: string) => {
    const set = sets.find(({ name }) => name === `${context.model.name} ${ending}`)!;
    const localized = await localizedRow(context, setting, set);
    const visualInputs = localized.locations.map((location) => ({ location }));
    return { localized, episodes: await localizingRow(context, setting, locationCondition, set.name, visualInputs) };
  };
  const lessons = setting.demonstrations.map((each) => ({ ...each, visual: { location: each.placement } }));
  const trained = `${locationCondition.name} ${setting.name}`;
  const policy = await policyOf(context, trained, locationCondition, lessons, sizes.seeds[0], sizes.recipe);
  const conditions: FileCondition[] = [];
  for (const ending of REPLAYED) {
    const { localized, episodes } = await rowsOf(ending);
    const { features, grid, tiles, locations, errors, turns } = localized;
    const outcomes = episodes.runs[0] as readonly Ending[];
    const recorded = [];
    for (const [i, placement] of replayed.entries()) {
      const location = locations[i];
      const { outcome, poses } = await recordEpisode(environment, placement, follow(policy, location), exactPoses);
      requireSame(outcome, outcomes[i], `${features}, placement ${i + 1}`);
      const found = { x: rounded(location.x), y: rounded(location.y) };
      recorded.push({
        found,
        error: rounded(errors[i]),
        turn: rounded(turns[i], 10),
        poses: packPoses(poses, environment.parents),
      });
    }
    conditions.push({ features, grid, tiles, success: successIn(episodes), outcomes, episodes: recorded });
  }
  const control = (await rowsOf(CONTROL)).episodes;
  await policy.close();
  const file: EpisodeFile = {
    command: "node research/run.mjs research/src/robot/write-episodes.ts",
    ...{ ...usual, seeds: sizes.seeds },
    geometries: JSON.parse(
      JSON.stringify(environment.geometries, (_, value) => (typeof value === "number" ? rounded(value, 1e6) : value)),
    ),
    parents: environment.parents,
    placements: test.map(({ x, y }) => [Math.round(1000 * x), Math.round(1000 * y)]),
    replayed,
    conditions,
    control: { features: control.features, success: successIn(control) },
  };
  environment.close();
  return file;
}

const successIn = (row: Parameters<typeof successOf>[0]) => {
  const { value, low, high } = interval(successOf(row));
  return { value: rounded(value), low: rounded(low), high: rounded(high) };
};

const rounded = (value: number, units = 1e4): number => Math.round(value * units) / units + 0; // no negative zero

const exactPoses = (environment: Environment): number[] => Array.from(environment.poses());

/** Chooses the actions of a policy one at a time, as `runEpisode` carries them out. */
function follow(policy: OpenedPolicy, location: Location): (environment: Environment) => Promise<Float32Array> {
  const states: number[] = [];
  let actions = new Float32Array();
  return async ({ state, step }) => {
    states.push(...state);
    if (step % executed === 0) actions = (await policy.predict(Float32Array.from(states), { location })) as typeof actions;
    return actions.subarray((step % executed) * width, ((step % executed) + 1) * width);
  };
}

function requireSame(outcome: Outcome, expected: Outcome, name: string): void {
  if (outcome !== expected)
    throw new ResearchError(
      `The episode of ${name} ended "${outcome}"; the experiment's store says "${expected}". Run the experiment again with the same version.`,
    );
}

await runCommand(command);
