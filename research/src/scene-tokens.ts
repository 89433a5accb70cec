/** Visual tokens of drawn scenes, each with its questions, for every visual input that is compared. */
import type { ImageTokens } from "s2-vision/heads";
import { fromFloat16, toFloat16 } from "s2-vision/node";
import { type ExtractionConfig, joinScales, takeScales } from "s2-vision/tasks";
import type { ExperimentContext, ModelVariant } from "./context.ts";
import { ResearchError } from "./error.ts";
import { questionsOf, type Scene } from "./vqa/questions.ts";
import type { SceneExample } from "./vqa/train-vqa-head.ts";
import type { VisualInput } from "./vqa/vqa-head.ts";

/** Some scales of one extraction. */
export interface ScaleSelection {
  readonly extraction: ExtractionConfig;
  /** Indices of the scales whose channels are kept. */
  readonly keep: readonly number[];
  /** Takes the copies of the scenes that are moved by half a token. */
  readonly moved?: boolean;
}

/** The visual input of a VQA head: selections concatenated in the channels of each token, or as more tokens. */
export interface VisualConfig {
  readonly name: string;
  readonly variant: ModelVariant;
  readonly selections: readonly ScaleSelection[];
  readonly concatenate: "channels" | "tokens";
}

/** Scenes with their tokens, which all have these grids and channels. */
export interface SceneSet extends Omit<VisualInput, "mean" | "deviation"> {
  readonly scenes: readonly SceneExample[];
}

/** Scenes at a time, so that features of all of them are never in memory as float32. */
const chunk = 200;

/** Reads the list of scenes of a split: "train", "wide-test". */
export async function readScenes(context: ExperimentContext, split: string): Promise<readonly Scene[]> {
  const folder = context.data(`scenes/${split}`);
  try {
    return JSON.parse(new TextDecoder().decode(await folder.read("scenes.json"))).scenes;
  } catch (error) {
    throw new ResearchError(
      `There are no scenes in ${folder.name} (${(error as Error).message}); draw them with \`node research/recipes/draw-question-scenes.mjs --out FOLDER\` and give --data FOLDER.`,
    );
  }
}

/** Extracts the visual tokens of all scenes of a split; scenes that cannot be read are left out. */
export async function extractScenes(
  context: ExperimentContext,
  split: string,
  scenes: readonly Scene[],
  config: VisualConfig,
): Promise<SceneSet> {
  const examples: SceneExample[] = [];
  let grids: VisualInput["grids"] = [];
  let channels = 0;
  for (let i = 0; i < scenes.length; i += chunk) {
    const some = scenes.slice(i, i + chunk);
    const extracted = await Promise.all(config.selections.map((each) => tokensOf(context, split, some, config.variant, each)));
    for (const scene of some) {
      const selected = extracted.map((tokens) => tokens.get(scene.name));
      if (!selected.every((each) => each !== undefined)) continue; // listed among the context's issues
      const joined = config.concatenate === "tokens" || selected.length === 1 ? selected : [joinScales(selected)];
      grids = joined.map(({ grid }) => grid);
      channels = joined[0].channels;
      const halves = joined.map((each) => toFloat16(each.data.subarray(each.prefix * each.channels)));
      examples.push({ tokens: concatenate(halves), questions: questionsOf(scene) });
    }
    if (i % 1000 === 0) context.say(`${split}, ${config.name}: ${examples.length} of ${scenes.length} scenes`);
  }
  return { scenes: examples, grids, channels };
}

async function tokensOf(
  context: ExperimentContext,
  split: string,
  scenes: readonly Scene[],
  variant: ModelVariant,
  { extraction, keep, moved }: ScaleSelection,
): Promise<ReadonlyMap<string, ImageTokens>> {
  const folder = context.data(`scenes/${split}${moved ? "-moved" : ""}`);
  const names = scenes.map(({ name }) => name);
  const features = await context.features(folder, names, extraction, variant);
  return new Map([...features].map(([image, tokens]) => [image, takeScales(tokens, keep)]));
}

function concatenate(arrays: readonly Uint16Array[]): Uint16Array {
  if (arrays.length === 1) return arrays[0];
  const all = new Uint16Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** Returns the layout of the scenes' tokens with each channel's mean and deviation, over the first scenes. */
export function visualInputOf({ scenes, grids, channels }: SceneSet): VisualInput {
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let rows = 0;
  for (const { tokens } of scenes.slice(0, chunk)) {
    const values = fromFloat16(tokens);
    for (let i = 0; i < values.length; i++) {
      sum[i % channels] += values[i];
      squares[i % channels] += values[i] ** 2;
    }
    rows += values.length / channels;
  }
  const mean = Array.from(sum, (total) => total / rows);
  const deviation = mean.map((value, c) => Math.sqrt(Math.max(1e-6, squares[c] / rows - value ** 2)));
  const round = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6)));
  return { grids, channels, mean: round(mean), deviation: round(deviation) };
}
