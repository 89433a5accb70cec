/** Features whose scalar product is the mean of their scales' cosines. */
import { rowCount } from "./batches.ts";

/**
 * Subtracts `center`, then scales the channels of each scale to length 1 / √scales; channels that are all zero stay zero.
 * @throws S2Error "rows" for rows that are not whole or not finite; `before` is the number of rows in earlier batches.
 */
export function unitFeatures(
  features: Float32Array,
  channelsPerScale: readonly number[],
  channels: number,
  center: Float32Array = new Float32Array(channels),
  before = 0,
): Float32Array {
  const count = rowCount(features, channels, before);
  const unit = new Float32Array(features.length);
  const length = 1 / Math.sqrt(channelsPerScale.length);
  for (let row = 0, at = 0; row < count; row++) {
    for (let scale = 0, c = 0; scale < channelsPerScale.length; scale++) {
      const from = at;
      let square = 0;
      for (const end = c + channelsPerScale[scale]; c < end; c++, at++) {
        unit[at] = features[at] - center[c];
        square += unit[at] * unit[at];
      }
      const factor = square > 0 ? length / Math.sqrt(square) : 0;
      for (let i = from; i < at; i++) unit[i] *= factor;
    }
  }
  return unit;
}
