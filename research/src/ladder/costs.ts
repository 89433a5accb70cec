/** The cost of an image's features: multiply-adds, counted without running the model, and time on this machine. */
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Tensor } from "s2-vision";
import { extract, type loadImage, type Model } from "s2-vision/node";
import { inspectModel } from "s2-vision/onnx";
import type { ExtractionConfig } from "s2-vision/tasks";
import { ResearchError } from "../error.ts";

export type Photo = Awaited<ReturnType<typeof loadImage>>;

/** The first round warms up and does not count. */
const ROUNDS = 6;

/** Counts multiply-adds of an image's features, the mean over images, for every tile that `extract` really runs. */
export async function countMultiplyAdds(model: Model, config: ExtractionConfig, photos: readonly Photo[]): Promise<number> {
  let sum = 0;
  const counting = blankModel(model, async ({ dims: [tiles, , height, width] }) => {
    sum += tiles * (await multiplyAddsOf(model, height, width));
  });
  for (const photo of photos) await extract(counting, photo, config);
  return sum / photos.length;
}

/** Makes a model that gives zeros in the shape of another's features, without running it. */
function blankModel({ traits, preprocessing }: Model, onRun?: (images: Tensor) => Promise<void>) {
  const { channels = 1, patchSize = 1, prefixTokens, layout } = traits;
  const run = async (images: Tensor): Promise<Tensor> => {
    await onRun?.(images);
    const [tiles, , height, width] = images.dims;
    const [rows, cols] = [height / patchSize, width / patchSize];
    const dims = layout === "bchw" ? [tiles, channels, rows, cols] : [tiles, prefixTokens + rows * cols, channels];
    return { dims, data: new Float32Array(dims.reduce((product, length) => product * length, 1)) };
  };
  return Object.assign(run, { traits, preprocessing });
}

const counted = new Map<string, Promise<number>>();

/** Counts multiply-adds of one run on one tile. @throws ResearchError for a graph whose products cannot be counted. */
function multiplyAddsOf({ traits, source }: Model, height: number, width: number): Promise<number> {
  const { multiplyAdds, imageSize } = traits;
  if (multiplyAdds !== undefined && String(imageSize) === String([height, width])) return Promise.resolve(multiplyAdds);
  const count = async () => {
    const { value, from } = inspectModel(await readFile(source), { imageSize: [height, width] }).multiplyAdds;
    if (value === undefined) throw new ResearchError(`The multiply-adds of ${source} cannot be counted: ${from}.`);
    return value;
  };
  const key = `${source} ${height} ${width}`;
  if (!counted.has(key)) counted.set(key, count());
  return counted.get(key)!;
}

export interface Timed {
  readonly model: Model;
  readonly config: ExtractionConfig;
}

export interface Times {
  /** Milliseconds of a processor for an image's features, once it is decoded. */
  readonly all: number;
  /** Milliseconds without the model: resizing, cutting and fusing. */
  readonly withoutModel: number;
}

setFlagsFromString("--expose-gc");
const clearGarbage: () => void = runInNewContext("gc");
/** Milliseconds in which garbage is swept by other threads. */
const SWEEPING = 50;
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Measures the median times of each config over the photos, with the model and without. */
export async function measureTimes(timed: readonly Timed[], photos: readonly Photo[]): Promise<Times[]> {
  const all = await inTurns(timed, photos);
  const withoutModel = await inTurns(
    timed.map(({ model, config }) => ({ model: blankModel(model), config })),
    photos,
  );
  return timed.map((_, i) => ({ all: all[i], withoutModel: withoutModel[i] }));
}

/**
 * Returns median milliseconds of the processor and not of the clock, since other work on the machine would count too; configs take turns, the fastest
 * first, for a small run after a large one would pay for that one's garbage.
 */
async function inTurns(
  timed: readonly { model: Parameters<typeof extract>[0]; config: ExtractionConfig }[],
  photos: readonly Photo[],
) {
  const runs = timed.map((each) => ({ ...each, times: [] as number[] }));
  let order = runs;
  for (let round = 0; round < ROUNDS; round++) {
    for (const photo of photos) {
      clearGarbage();
      await setTimeout(SWEEPING);
      for (const { model, config, times } of order) {
        const start = process.cpuUsage();
        await extract(model, photo, config);
        const { user, system } = process.cpuUsage(start);
        times.push((user + system) / 1000);
      }
    }
    if (round > 0) continue;
    order = [...runs].sort((a, b) => median(a.times) - median(b.times));
    for (const { times } of runs) times.length = 0;
  }
  return runs.map(({ times }) => median(times));
}
