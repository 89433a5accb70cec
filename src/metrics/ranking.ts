/** Metrics of rankings: recall@k of retrieval, average precision of retrieval and of presence scores. */
import { checkFinite, S2Error } from "../core/index.ts";
import { nanMean, type Score } from "./sums.ts";

/** Returns 1 if any of the first `k` results is relevant, else 0: "recall@k" of metric learning, torchmetrics' RetrievalHitRate. */
export function hitAt(k: number, relevant: ArrayLike<number>): number {
  for (let i = 0; i < Math.min(k, relevant.length); i++) if (relevant[i]) return 1;
  return 0;
}

/** Returns the fraction of `all` relevant images among the first `k` results (torchmetrics' RetrievalRecall); NaN for none. */
export function recallAt(k: number, relevant: ArrayLike<number>, all: number): number {
  let found = 0;
  for (let i = 0; i < Math.min(k, relevant.length); i++) if (relevant[i]) found++;
  return found / all;
}

/** Sorts scores once, for the average precision of many resamples. */
function rankedPrecision(scores: ArrayLike<number>, relevant: ArrayLike<number>): (times?: ArrayLike<number>) => number {
  if (scores.length !== relevant.length)
    throw new S2Error("metric", `Got ${scores.length} scores for ${relevant.length} truths; expected one each.`);
  checkFinite(scores, "The list of scores");
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  return (times) => {
    let [found, seen, sum, foundBefore] = [0, 0, 0, 0];
    for (let i = 0; i < order.length; i++) {
      const factor = times ? times[order[i]] : 1;
      seen += factor;
      if (relevant[order[i]]) found += factor;
      if (i + 1 < order.length && scores[order[i + 1]] === scores[order[i]]) continue; // equal scores are one threshold
      if (seen > 0) sum += (found - foundBefore) * (found / seen);
      foundBefore = found;
    }
    return sum / found;
  };
}

/**
 * Computes Σ (Rₙ - Rₙ₋₁) Pₙ over all scores as thresholds, not interpolated (scikit-learn's average_precision_score). Image i counts
 * `times[i]` times. NaN if nothing is relevant.
 * @throws S2Error "metric" for lists of different lengths, "not-finite" for scores that cannot be ranked.
 */
export function averagePrecision(scores: ArrayLike<number>, relevant: ArrayLike<number>, times?: ArrayLike<number>): number {
  return rankedPrecision(scores, relevant)(times);
}

/** Returns the mean average precision over classes of presence scores [images, classes] against 0 or 1, without classes that no image has. */
export function meanAveragePrecision(images: readonly string[], scores: ArrayLike<number>, truth: ArrayLike<number>): Score {
  const classes = scores.length / images.length;
  if (!Number.isInteger(classes) || truth.length !== scores.length) {
    throw new S2Error(
      "metric",
      `Got ${scores.length} scores and ${truth.length} truths for ${images.length} images; expected images x classes of each.`,
    );
  }
  const column = (values: ArrayLike<number>, id: number) => images.map((_, image) => values[image * classes + id]);
  const measures = Array.from({ length: classes }, (_, id) => rankedPrecision(column(scores, id), column(truth, id)));
  return { images, measure: (times) => nanMean(measures.map((measure) => measure(times))) };
}
