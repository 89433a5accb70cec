/** Parts of stored features: some of their scales, one vector for the image, merges other than concatenation. */
import { resize, S2Error } from "../core/index.ts";
import type { ImageTokens } from "./tokens.ts";

/** The channels of some scales: features at scales 1, 2, 3 hold those at 1 and at 1, 2 (concatenation, paper §3.1). */
export function takeScales(tokens: ImageTokens, scales: readonly number[]): ImageTokens {
  const { data, channels, channelsPerScale } = tokens;
  const starts = channelsPerScale.map((_, i) => channelsPerScale.slice(0, i).reduce((sum, width) => sum + width, 0));
  for (const scale of scales) {
    if (starts[scale] === undefined)
      throw new S2Error(
        "option",
        `Scale ${scale} was asked of features of ${channelsPerScale.length} scales; expected 0 to ${channelsPerScale.length - 1}.`,
      );
  }
  const kept = scales.map((scale) => channelsPerScale[scale]);
  const width = kept.reduce((sum, each) => sum + each, 0);
  const rows = data.length / channels;
  const taken = new Float32Array(rows * width);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let i = 0; i < scales.length; i++) {
      const from = row * channels + starts[scales[i]];
      taken.set(data.subarray(from, from + kept[i]), to);
      to += kept[i];
    }
  }
  return { ...tokens, data: taken, channels: width, channelsPerScale: kept };
}

/** Scales added instead of concatenated (paper, Table 12), or their mean. */
export function mergeScales(tokens: ImageTokens, how: "add" | "mean"): ImageTokens {
  const { data, channels, channelsPerScale } = tokens;
  const [width] = channelsPerScale;
  const factor = how === "mean" ? 1 / channelsPerScale.length : 1;
  const merged = new Float32Array((data.length / channels) * width);
  for (let row = 0; row < data.length / channels; row++) {
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let at = row * channels + c; at < (row + 1) * channels; at += width) sum += data[at];
      merged[row * width + c] = sum * factor;
    }
  }
  return { ...tokens, data: merged, channels: width, channelsPerScale: [width] };
}

/** Which tokens stand for the whole image. */
export type Pooling = "cls" | "mean" | "cls+mean";

/** One vector for the image: its first prefix token, the mean of its grid, or both, scale by scale. */
export function imageVector({ data, channels, prefix, channelsPerScale }: ImageTokens, pooling: Pooling): Float32Array {
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
  for (let i = 0, from = 0; i < channelsPerScale.length; from += channelsPerScale[i++]) {
    both.set(cls.subarray(from, from + channelsPerScale[i]), 2 * from);
    both.set(mean.subarray(from, from + channelsPerScale[i]), 2 * from + channelsPerScale[i]);
  }
  return both;
}

/** The same image's features on a coarser grid by the reference's area pooling, as scales are pooled onto each other (paper §3.1). */
export function poolTo(tokens: ImageTokens, grid: ImageTokens["grid"]): ImageTokens {
  const { data, channels, prefix } = tokens;
  const { rows, cols } = tokens.grid;
  if (rows === grid.rows && cols === grid.cols) return tokens;
  const map = new Float32Array(rows * cols * channels);
  for (let token = 0, at = prefix * channels; token < rows * cols; token++)
    for (let c = 0; c < channels; c++, at++) map[c * rows * cols + token] = data[at];
  const pooled = resize({ dims: [1, channels, rows, cols], data: map }, [grid.rows, grid.cols], { mode: "area" }).data;
  const count = grid.rows * grid.cols;
  const out = new Float32Array((prefix + count) * channels);
  out.set(data.subarray(0, prefix * channels));
  for (let token = 0, to = prefix * channels; token < count; token++)
    for (let c = 0; c < channels; c++, to++) out[to] = pooled[c * count + token];
  return { ...tokens, data: out, grid };
}

/**
 * The channels of several features of one image side by side, as if they were scales of one.
 * @throws S2Error "rows" when their grids differ: `poolTo` makes them alike.
 */
export function joinScales(parts: readonly ImageTokens[]): ImageTokens {
  const [first] = parts;
  const rows = first.data.length / first.channels;
  const channels = parts.reduce((sum, each) => sum + each.channels, 0);
  const data = new Float32Array(rows * channels);
  let offset = 0;
  for (const each of parts) {
    if (each.grid.rows !== first.grid.rows || each.grid.cols !== first.grid.cols || each.prefix !== first.prefix)
      throw new S2Error(
        "rows",
        `Got grids of ${first.grid.cols}x${first.grid.rows} and ${each.grid.cols}x${each.grid.rows} tokens to join; pool one to the other's grid.`,
      );
    for (let row = 0; row < rows; row++)
      data.set(each.data.subarray(row * each.channels, (row + 1) * each.channels), row * channels + offset);
    offset += each.channels;
  }
  return { ...first, data, channels, channelsPerScale: parts.flatMap(({ channelsPerScale }) => channelsPerScale) };
}
