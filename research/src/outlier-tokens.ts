/** Outlier tokens of a tile: found by their length before the model's last norm, replaced by the median of their neighbors. */

/** Tokens [prefix + rows·cols, channels] of one tile. */
export interface TileTokens {
  readonly data: Float32Array;
  readonly channels: number;
  readonly prefix: number;
  readonly rows: number;
  readonly cols: number;
}

/** Marks with 1 the values above `ratio` times the median of all. */
export function aboveMedian(values: ArrayLike<number>, ratio: number): Uint8Array {
  const bound = ratio * medianOf(Float64Array.from(values));
  return Uint8Array.from(values, (value) => Number(value > bound));
}

/** Marks with 1 the values above the mean of all by more than `deviations`. */
export function aboveMean(values: ArrayLike<number>, deviations: number): Uint8Array {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  return Uint8Array.from(all, (value) => Number(value > mean + deviations * Math.sqrt(variance)));
}

/** Fewer neighbors say too little of a token. */
const FEWEST = 3;

/**
 * Returns the tokens with each marked one (`marked` has rows·cols entries) replaced, channel by channel, by the median of the tokens around it that are not
 * marked: of the 8 neighbors, or of a wider square where fewer than three of them are left. Prefix tokens stay.
 */
export function replaceMarked({ data, channels, prefix, rows, cols }: TileTokens, marked: Uint8Array): Float32Array {
  const out = data.slice();
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++) {
      if (!marked[y * cols + x]) continue;
      const near = unmarkedAround(marked, rows, cols, y, x);
      if (near.length === 0) continue; // all are marked
      const values = new Float64Array(near.length);
      const to = (prefix + y * cols + x) * channels;
      for (let c = 0; c < channels; c++) {
        for (let k = 0; k < near.length; k++) values[k] = data[(prefix + near[k]) * channels + c];
        out[to + c] = medianOf(values);
      }
    }
  }
  return out;
}

function unmarkedAround(marked: Uint8Array, rows: number, cols: number, y: number, x: number): number[] {
  let near: number[] = [];
  for (let reach = 1; near.length < FEWEST && reach < Math.max(rows, cols); reach++) {
    near = [];
    for (let v = Math.max(0, y - reach); v <= Math.min(rows - 1, y + reach); v++)
      for (let u = Math.max(0, x - reach); u <= Math.min(cols - 1, x + reach); u++)
        if (!marked[v * cols + u]) near.push(v * cols + u);
  }
  return near;
}

/** Sorts `values` in place. */
function medianOf(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}
