/** The rows of the robot experiment: where the cube is found from each kind of features, and the outcomes of episodes. Each row is kept as it is ready. */
import type { Folder } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import { sha256 } from "../build-folder.ts";
import type { ExperimentContext } from "../context.ts";
import { executed, type Location, width } from "./arm.ts";
import type { Condition, VisualInput } from "./conditions.ts";
import type { Outcome, Placement } from "./environment.ts";
import type { Plan } from "./episodes.ts";
import { extractTokens, type FeatureSet, pictureFolder } from "./features.ts";
import { distance, fitLocalizer, localize } from "./localize.ts";
import { copyActions } from "./nearest.ts";
import { policyOf, runAll, type Setting, type Sizes } from "./setting.ts";
import type { Lesson } from "./train-policy.ts";

/** Locations of the cube that were found in the test pictures. */
export interface LocalizedRow {
  readonly features: string;
  readonly grid: ImageTokens["grid"];
  readonly channels: number;
  readonly tiles: number;
  readonly locations: readonly Location[];
  /** Distances to the true locations in meters, and differences of the turn in degrees. */
  readonly errors: readonly number[];
  readonly turns: readonly number[];
  /** Heat maps of the first test pictures, row by row. */
  readonly heat: readonly (readonly number[])[];
}

/** Outcomes of the test episodes, for each seed of the policy. */
export interface EpisodesRow {
  readonly policy: string;
  readonly features: string;
  readonly opening: number;
  readonly cube: number;
  readonly runs: readonly (readonly Outcome[])[];
  /** Losses of the first policy's training, thinned, as [step, loss]. */
  readonly losses?: readonly (readonly [step: number, loss: number])[];
}

/** All that the page is made of. */
export interface RobotRows {
  readonly localized: readonly (LocalizedRow & { readonly cube: number })[];
  readonly episodes: readonly EpisodesRow[];
  readonly test: readonly Placement[];
  readonly sizes: Pick<Sizes, "openings" | "cubes" | "seeds">;
  /** Picked by the expert, of the test placements, by setting. */
  readonly experts: readonly { readonly opening: number; readonly cube: number; readonly picked: number }[];
  /** Rows that the run has not made yet. */
  readonly missing: readonly string[];
  readonly method: readonly string[];
}

type Context = ExperimentContext;

/** Heat maps that are kept. */
export const shownPictures = 3;

/** Reads a row that a former run made from the same inputs, or makes and keeps it. */
function keptRow<T>(context: Context, name: string, inputs: unknown, make: () => Promise<T>): Promise<T> {
  return context.kept(`${name}-${sha256(JSON.stringify(inputs)).slice(0, 10)}`, make);
}

/** Returns the folder of the first pictures of a setting's demonstrations or test episodes. */
export function picturesOf(
  context: Context,
  { name, environment, demonstrations, test, hash, sizes }: Setting,
  split: "demonstrations" | "test",
): Folder {
  const shown = split === "test" ? test : demonstrations.map(({ placement }) => placement);
  const folder = `robot-pictures/${name.replaceAll(/[^\w]+/g, "-")}-${hash.slice(0, 6)}/${split}`;
  return pictureFolder(folder, context.checkpoints(folder), (index) => {
    environment.start(shown[index]);
    return environment.picture(sizes.picture);
  });
}

const tokensOf = (
  context: Context,
  setting: Setting,
  split: "demonstrations" | "test",
  set: FeatureSet,
): Promise<ImageTokens[]> => extractTokens(context, picturesOf(context, setting, split), [...setting[split].keys()], set);

/** Fits a localizer to the demonstrations' pictures and finds the cube in the test pictures. */
export function localizedRow(context: Context, setting: Setting, set: FeatureSet): Promise<LocalizedRow> {
  const { name } = set;
  return keptRow(context, `location ${name} ${setting.name}`, [set, setting.hash], async () => {
    const train = await tokensOf(context, setting, "demonstrations", set);
    const located = train.map((tokens, i) => ({ tokens, location: setting.demonstrations[i].placement }));
    context.say(`fitting a localizer to ${name}`);
    const localizer = await fitLocalizer(located, setting.camera, context.openGraph);
    const test = await tokensOf(context, setting, "test", set);
    const found = await localize(localizer, test, context.openGraph);
    const [{ grid, channels }] = test;
    return {
      ...{ features: name, grid, channels, tiles: set.tiles },
      locations: found.map(({ x, y, yaw }) => ({ x, y, yaw })),
      errors: found.map((location, i) => distance(location, setting.test[i])),
      turns: found.map(({ yaw }, i) => Math.abs(Math.asin(Math.sin(4 * (yaw - setting.test[i].yaw))) / 4) * (180 / Math.PI)),
      heat: found.slice(0, shownPictures).map(({ heat }) => Array.from(heat, (value) => Number(value.toPrecision(3)))),
    };
  });
}

/** Runs the transformer, trained with the true locations, on the locations that were found; `features` names these. */
export function localizingRow(
  context: Context,
  setting: Setting,
  condition: Condition,
  features: string,
  visualInputs: readonly VisualInput[],
): Promise<EpisodesRow> {
  const lessons = setting.demonstrations.map((each): Lesson => ({ ...each, visual: { location: each.placement } }));
  return transformerRow(context, setting, {
    condition,
    lessons,
    visualInputs,
    policy: "localizing",
    features,
    trained: condition.name,
  });
}

/** Trains the transformer end to end on the tokens of the pictures, standardized, and runs it. */
export async function cloningRow(
  context: Context,
  setting: Setting,
  set: FeatureSet,
  conditionOf: (tokens: ImageTokens) => Condition,
): Promise<EpisodesRow> {
  const { recipe, seeds } = setting.sizes;
  const inputs = [set, recipe, seeds, setting.hash];
  return keptRow(context, `cloning ${set.name} ${setting.name}`, inputs, async () => {
    const train = await tokensOf(context, setting, "demonstrations", set);
    const standardize = standardization(train);
    const visualInputs = (await tokensOf(context, setting, "test", set)).map(
      (tokens): VisualInput => ({ tokens: standardize(tokens) }),
    );
    const lessons = setting.demonstrations.map((each, i): Lesson => ({ ...each, visual: { tokens: standardize(train[i]) } }));
    const condition = conditionOf(train[0]);
    return transformerRow(context, setting, {
      condition,
      lessons,
      visualInputs,
      policy: "cloning",
      features: set.name,
      trained: `cloning ${set.name}`,
    });
  });
}

interface TransformerRun {
  readonly condition: Condition;
  readonly lessons: readonly Lesson[];
  /** Inputs of the policy for each test picture. */
  readonly visualInputs: readonly VisualInput[];
  readonly policy: string;
  readonly features: string;
  /** Name of the policy's checkpoints. */
  readonly trained: string;
}

function transformerRow(context: Context, setting: Setting, run: TransformerRun): Promise<EpisodesRow> {
  const { condition, lessons, visualInputs, policy, features, trained } = run;
  const {
    opening,
    cube,
    sizes: { recipe, seeds },
  } = setting;
  const inputs = [recipe, seeds, setting.hash, visualInputs.map(({ location }) => location)];
  return keptRow(context, `episodes ${policy} ${features} ${setting.name}`, inputs, async () => {
    const runs: Outcome[][] = [];
    let losses: EpisodesRow["losses"];
    for (const seed of seeds) {
      const opened = await policyOf(context, `${trained} ${setting.name}`, condition, lessons, seed, recipe);
      losses ??= thinned(opened.losses);
      runs.push(await runAll(setting, (episode) => (states) => opened.predict(states, visualInputs[episode]), context.signal));
      await opened.close();
    }
    context.say(`${setting.name}, ${policy}, ${features}: ${percentPicked(runs).toFixed(1)} % picked`);
    return { policy, features, opening, cube, runs, losses };
  });
}

/** Copies the nearest demonstration, from the locations that were found. */
export function nearestRow(
  context: Context,
  setting: Setting,
  features: string,
  locations: readonly Location[],
): Promise<EpisodesRow> {
  const { opening, cube, demonstrations } = setting;
  const located = demonstrations.map((each) => ({ ...each, location: each.placement }));
  return keptRow(context, `episodes nearest ${features} ${setting.name}`, [setting.hash, locations], async () => {
    const planOf =
      (episode: number): Plan =>
      (states) =>
        copyActions(located, states.slice(-width), locations[episode], executed);
    const runs = [await runAll(setting, planOf, context.signal)];
    context.say(`${setting.name}, nearest, ${features}: ${percentPicked(runs).toFixed(1)} % picked`);
    return { policy: "nearest", features, opening, cube, runs };
  });
}

const percentPicked = (runs: readonly (readonly Outcome[])[]): number =>
  (100 * runs.flat().filter((outcome) => outcome === "picked").length) / runs.flat().length;

/** Means of losses over a hundredth of the steps each. */
function thinned(losses: readonly number[]): [number, number][] {
  const size = Math.max(1, Math.floor(losses.length / 100));
  return Array.from({ length: Math.floor(losses.length / size) }, (_, i) => {
    const some = losses.slice(i * size, (i + 1) * size);
    return [(i + 1) * size, some.reduce((a, b) => a + b, 0) / some.length];
  });
}

/** Standardizes each channel over the tokens of the pictures. */
function standardization(pictures: readonly ImageTokens[]): (tokens: ImageTokens) => Float32Array {
  const [{ channels }] = pictures;
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let rows = 0;
  for (const { data, prefix } of pictures) {
    for (let i = prefix * channels; i < data.length; i++) {
      sum[i % channels] += data[i];
      squares[i % channels] += data[i] ** 2;
    }
    rows += data.length / channels - prefix;
  }
  const mean = sum.map((total) => total / rows);
  const factor = squares.map((total, c) => 1 / Math.sqrt(Math.max(total / rows - mean[c] ** 2, 1e-6)));
  return ({ data, prefix }) =>
    data.slice(prefix * channels).map((value, i) => (value - mean[i % channels]) * factor[i % channels]);
}
