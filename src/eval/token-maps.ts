/** Parts of stored features: some of their scales, one vector for the photo, merges other than concatenation. */
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../heads/index.ts";

/** The channels of some scales: features at scales 1, 2, 3 hold those at 1 and at 1, 2 (concatenation, paper §3.1). */
export function takeScales(tokens: PhotoTokens, scales: readonly number[]): PhotoTokens {
  const { data, channels, widths } = tokens;
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  for (const scale of scales) {
    if (starts[scale] === undefined)
      throw new S2Error(
        "option",
        `Scale ${scale} was asked of features of ${widths.length} scales; expected 0 to ${widths.length - 1}.`,
      );
  }
  const kept = scales.map((scale) => widths[scale]);
  const width = kept.reduce((sum, each) => sum + each, 0);
  const rows = data.length / channels;
  const part = new Float32Array(rows * width);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let i = 0; i < scales.length; i++) {
      const from = row * channels + starts[scales[i]];
      part.set(data.subarray(from, from + kept[i]), to);
      to += kept[i];
    }
  }
  return { ...tokens, data: part, channels: width, widths: kept };
}

/** Scales added instead of concatenated (paper, Table 12), or their mean. */
export function mergeScales(tokens: PhotoTokens, how: "add" | "mean"): PhotoTokens {
  const { data, channels, widths } = tokens;
  const [width] = widths;
  const factor = how === "mean" ? 1 / widths.length : 1;
  const merged = new Float32Array((data.length / channels) * width);
  for (let row = 0; row < data.length / channels; row++) {
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let at = row * channels + c; at < (row + 1) * channels; at += width) sum += data[at];
      merged[row * width + c] = sum * factor;
    }
  }
  return { ...tokens, data: merged, channels: width, widths: [width] };
}

/** Which tokens stand for the whole photo. */
export type Pooling = "cls" | "mean" | "cls+mean";

/** One vector for the photo: its first prefix token, the mean of its grid, or both, scale by scale. */
export function photoVector({ data, channels, prefix, widths }: PhotoTokens, pooling: Pooling): Float32Array {
  if (pooling !== "mean" && prefix === 0)
    throw new S2Error("option", `The pooling "${pooling}" needs a [CLS] token, and these features have none; give "mean".`);
  const cls = data.subarray(0, channels);
  if (pooling === "cls") return cls.slice();
  const mean = new Float32Array(channels);
  const rows = data.length / channels;
  for (let row = prefix; row < rows; row++) for (let c = 0; c < channels; c++) mean[c] += data[row * channels + c];
  for (let c = 0; c < channels; c++) mean[c] /= rows - prefix;
  if (pooling === "mean") return mean;
  const both = new Float32Array(2 * channels);
  for (let i = 0, from = 0; i < widths.length; from += widths[i++]) {
    both.set(cls.subarray(from, from + widths[i]), 2 * from);
    both.set(mean.subarray(from, from + widths[i]), 2 * from + widths[i]);
  }
  return both;
}
