/** Metrics of rankings: recall@k of retrieval, average precision of retrieval and of "is it there?" scores. */
import { checkFinite, S2Error } from "../core/index.ts";
import { nanMean, type Score } from "./accumulate.ts";

/** Whether any of the first `k` results is relevant, 0 or 1: "recall@k" of metric learning, torchmetrics' RetrievalHitRate. */
export function hitAt(k: number, relevant: ArrayLike<number>): number {
  for (let i = 0; i < Math.min(k, relevant.length); i++) if (relevant[i]) return 1;
  return 0;
}

/** The part of all relevant photos that is among the first `k` results (torchmetrics' RetrievalRecall); NaN when there is none. */
export function recallAt(k: number, relevant: ArrayLike<number>, all: number): number {
  let found = 0;
  for (let i = 0; i < Math.min(k, relevant.length); i++) if (relevant[i]) found++;
  return found / all;
}

/** As `averagePrecision`, sorted once for many resamples. */
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
 * Σ (Rₙ - Rₙ₋₁) Pₙ over the thresholds that the scores are, not interpolated (scikit-learn's average_precision_score); photo i counts
 * `times[i]` times. NaN when nothing is relevant.
 * @throws S2Error "metric" for lists of different lengths, "not-finite" for scores that cannot be ranked.
 */
export function averagePrecision(scores: ArrayLike<number>, relevant: ArrayLike<number>, times?: ArrayLike<number>): number {
  return rankedPrecision(scores, relevant)(times);
}

/** mAP over classes of "is it there?" scores [photos, classes] against 0 or 1; classes that no photo has are left out. */
export function meanAveragePrecision(photos: readonly string[], scores: ArrayLike<number>, truth: ArrayLike<number>): Score {
  const classes = scores.length / photos.length;
  if (!Number.isInteger(classes) || truth.length !== scores.length) {
    throw new S2Error(
      "metric",
      `Got ${scores.length} scores and ${truth.length} truths for ${photos.length} photos; expected photos x classes of each.`,
    );
  }
  const column = (values: ArrayLike<number>, id: number) => photos.map((_, photo) => values[photo * classes + id]);
  const measures = Array.from({ length: classes }, (_, id) => rankedPrecision(column(scores, id), column(truth, id)));
  return { photos, measure: (times) => nanMean(measures.map((measure) => measure(times))) };
}
