/** Reconstruction of one model's tokens from another's by a linear map (paper, Table 2). */
import { fitRidge, openProbe } from "s2-vision/heads";
import { addImage, type ImageSums, newSums, pooled, type Score } from "s2-vision/metrics";
import type { ExperimentContext } from "../context.ts";
import { ResearchError } from "../error.ts";
import type { ImageFeatures } from "../evaluate.ts";
import type { Photo, Split } from "./photos.ts";
import { channelsOf } from "./systems.ts";

const ALPHAS = [1e5, 1e4, 1e3, 100, 10];

/** Sums of each photo: squared errors of the map, of the best constant, and the count of numbers. */
export interface Reconstruction {
  readonly channels: number;
  readonly alpha: number;
  readonly train: ImageSums;
  readonly test: ImageSums;
}

/** Fits the map on training photos, its penalty on validation photos, and measures it on training and test photos. */
export async function reconstruct(
  context: ExperimentContext,
  photos: readonly Photo[],
  features: ImageFeatures,
  target: ImageFeatures,
): Promise<Reconstruction> {
  const [channels, outputs] = [channelsOf(features), channelsOf(target)];
  const [{ channelsPerScale }] = features.values();
  const pairs = (wanted: Split) =>
    photos.flatMap(({ key, split }) => {
      const [from, to] = [features.get(key), target.get(key)];
      if (split !== wanted || !from || !to) return [];
      if (from.data.length / channels === to.data.length / outputs) return [{ key, features: from.data, targets: to.data }];
      throw new ResearchError(`${key} has ${from.data.length / channels} tokens, its target ${to.data.length / outputs}.`);
    });
  const [train, validation, test] = [pairs("train"), pairs("validation"), pairs("test")];
  const { openGraph, signal } = context;
  const names = Array.from({ length: outputs }, (_, i) => String(i));
  const { head, chosen } = await fitRidge(() => inBatches(train), {
    ...{ openGraph, signal, channelsPerScale, names, alpha: ALPHAS },
    validation: () => inBatches(validation),
  });
  const constant = meanOf(train, outputs);
  const opened = await openProbe(head, openGraph);
  const measure = async (photos: typeof test) => {
    const sums = newSums(3);
    for (const { key, features, targets } of photos) {
      const values = await opened.predict(features);
      let [error, spread] = [0, 0];
      for (let i = 0; i < targets.length; i++) {
        error += (targets[i] - values[i]) ** 2;
        spread += (targets[i] - constant[i % outputs]) ** 2;
      }
      addImage(sums, key, [error, spread, targets.length]);
    }
    return sums;
  };
  try {
    return { channels, alpha: chosen.regularization, train: await measure(train), test: await measure(test) };
  } finally {
    await opened.close();
  }
}

/** Mean squared error l. */
export const errorOf = (sums: ImageSums): Score => pooled(sums, (values) => values[0] / values[2]);
/** Information in bits, -log2(l / l0) with l0 the error of the best constant. */
export const informationOf = (sums: ImageSums): Score => pooled(sums, (values) => -Math.log2(values[0] / values[1]));
/** The information of one reconstruction in percent of another's. */
export function ratioOf(sums: ImageSums, largest: ImageSums): Score {
  const [score, base] = [informationOf(sums), informationOf(largest)];
  return { images: score.images, measure: (times) => (100 * score.measure(times)) / base.measure(times) };
}

interface Pair {
  readonly features: Float32Array;
  readonly targets: Float32Array;
}

/** Joins the tokens of some photos, since products of some hundred rows run fast. */
function* inBatches(pairs: readonly Pair[], size = 32): Generator<Pair> {
  const join = (parts: readonly Float32Array[]) => {
    const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const each of parts) {
      joined.set(each, at);
      at += each.length;
    }
    return joined;
  };
  for (let i = 0; i < pairs.length; i += size) {
    const some = pairs.slice(i, i + size);
    yield { features: join(some.map(({ features }) => features)), targets: join(some.map(({ targets }) => targets)) };
  }
}

function meanOf(pairs: readonly Pair[], outputs: number): Float64Array {
  const mean = new Float64Array(outputs);
  const count = pairs.reduce((sum, { targets }) => sum + targets.length, 0) / outputs;
  for (const { targets } of pairs) for (let i = 0; i < targets.length; i++) mean[i % outputs] += targets[i] / count;
  return mean;
}
