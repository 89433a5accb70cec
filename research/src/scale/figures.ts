/** From the measured service times of one worker to the figures of docs/scale.md. */
import { type Conditions, type Run, type Setup, simulate } from "./simulate.ts";

/** Result of `bench/archive.mjs`. */
export interface Measured {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly loadAverage: number };
  readonly details: {
    readonly photo: { readonly width: number; readonly height: number };
    readonly tile: number;
    readonly presets: Readonly<
      Record<string, { tiles: number; tokens: number; channels: number; cpu: number; preparation: number }>
    >;
    readonly formats: Readonly<Record<string, { writing: number; bytes: number }>>;
    readonly commit: { readonly milliseconds: number };
    readonly start: { readonly cpuSeconds: number };
    readonly queue: { readonly add: number; readonly addInRedis: number; readonly work: number; readonly workInRedis: number };
    readonly workers: Workers;
    /** Each worker bound to a core; absent where `taskset` is. */
    readonly workersOfOneCore?: Workers;
  };
}

/** Photos a second of one worker and of two, turn by turn. */
interface Workers {
  readonly one: readonly number[];
  readonly two: readonly number[];
  readonly ratio: number;
}

/** Photos of the archive. */
export const PHOTOS = 1e8;
const SHARD = 1000;
const SEED = 30;
/** Bytes of a photo as a file of 1024 x 768 pixels: assumed. */
const PHOTO_BYTES = 200_000;

/** Prices in USD, assumed: a core for an hour, a million puts, a million gets, a terabyte stored for a month. */
export const PRICES = { coreHour: 0.04, puts: 5, gets: 0.4, terabyteMonth: 23 };

/** Conditions, assumed; the queue's times are measured. */
export function conditionsOf({ details: { queue } }: Measured): Conditions {
  return {
    ...{ slow: 0.05, slowness: 2, spread: 0.1, betweenKills: 6 * 3600, claim: 60 },
    ...{ storeRate: 10e9, workerRate: 100e6, requestRate: 5500, perPhotoRequests: 0, perShardRequests: 8 },
    queuePerShard: (queue.addInRedis + queue.workInRedis) / 1e6,
    queuePerRenewal: queue.workInRedis / 2e6,
  };
}

/** Bytes that a preset's photos leave in the store. */
export const bytesOf = ({ tokens, channels }: { tokens: number; channels: number }) => ({
  features: 2 * tokens * channels,
  vector: 2 * channels,
});

/** A row: a setup in words, and its run. */
export interface Row extends Run {
  readonly preset: string;
  readonly workers: number;
  readonly photosPerShard: number;
  readonly keep: "features" | "vectors";
  readonly store: number;
}

/** Figures of the page. */
export interface ScaleFigures {
  readonly measured: Measured;
  readonly conditions: Conditions;
  readonly prices: typeof PRICES;
  readonly photos: number;
  readonly photoBytes: number;
  readonly runs: readonly Row[];
  readonly shardSizes: readonly Row[];
  readonly slowStores: readonly Row[];
  readonly perPhotoJobs: Row;
}

/** Runs all setups. */
export function scaleFigures(measured: Measured, photos = PHOTOS): ScaleFigures {
  const conditions = conditionsOf(measured);
  const { presets, formats, commit, start } = measured.details;
  const names = Object.keys(presets);

  function run(
    preset: string,
    workers: number,
    more: Partial<Conditions> = {},
    size = SHARD,
    keep: Row["keep"] = "features",
  ): Row {
    const { cpu } = presets[preset];
    const { features, vector } = bytesOf(presets[preset]);
    const setup: Setup = {
      ...{ workers, shards: Math.ceil(photos / size), photos: size, perPhoto: (cpu + formats.safetensors.writing) / 1000 },
      ...{ bytesIn: PHOTO_BYTES, bytesOut: keep === "features" ? features + vector : vector },
      ...{ start: start.cpuSeconds, commit: commit.milliseconds / 1000, seed: SEED },
    };
    return { preset, workers, photosPerShard: size, keep, ...simulate(setup, { ...conditions, ...more }) };
  }

  return {
    ...{ measured, conditions, prices: PRICES, photos, photoBytes: PHOTO_BYTES },
    runs: names.flatMap((preset) => [1, 10, 100, 1000].map((workers) => run(preset, workers))),
    shardSizes: [100, 1000, 10_000, 100_000].map((size) => run("1x+2x", 1000, {}, size)),
    slowStores: (["features", "vectors"] as const).flatMap((keep) =>
      [10, 100, 1000].map((workers) => run("1x+2x+3x", workers, { storeRate: 1e9 }, SHARD, keep)),
    ),
    // A job, a claim and a put for each photo: a hundredth of the archive has the same rates.
    perPhotoJobs: ((photosOfOne) => {
      const { cpu } = presets["1x+2x"];
      const { features, vector } = bytesOf(presets["1x+2x"]);
      const setup = {
        ...{ workers: 1000, shards: photosOfOne, photos: 1, perPhoto: (cpu + formats.safetensors.writing) / 1000 },
        ...{
          bytesIn: PHOTO_BYTES,
          bytesOut: features + vector,
          start: start.cpuSeconds,
          commit: commit.milliseconds / 1000,
          seed: SEED,
        },
      };
      return { preset: "1x+2x", workers: 1000, photosPerShard: 1, keep: "features" as const, ...simulate(setup, conditions) };
    })(Math.ceil(photos / 100)),
  };
}
