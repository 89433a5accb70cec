/** Rows whose scalar product is the mean of their scales' cosines. */
import { rowCount } from "./rows.ts";

/**
 * Each scale's part, less `center`, divided by its length and by the root of the number of scales; a part that is zero stays so.
 * @throws S2Error "rows" for rows that are not whole or not finite; `before` is the number of rows in earlier batches.
 */
export function unitFeatures(
  rows: Float32Array,
  channelsPerScale: readonly number[],
  channels: number,
  center: Float32Array = new Float32Array(channels),
  before = 0,
): Float32Array {
  const count = rowCount(rows, channels, before);
  const unit = new Float32Array(rows.length);
  const share = 1 / Math.sqrt(channelsPerScale.length);
  for (let row = 0, at = 0; row < count; row++) {
    const first = at;
    for (let scale = 0; scale < channelsPerScale.length; scale++) {
      const [from, end] = [at, at + channelsPerScale[scale]];
      let square = 0;
      for (; at < end; at++) {
        unit[at] = rows[at] - center[at - first];
        square += unit[at] * unit[at];
      }
      const factor = square > 0 ? share / Math.sqrt(square) : 0;
      for (let i = from; i < end; i++) unit[i] *= factor;
    }
  }
  return unit;
}
