/** Tokens [b, n, c] of a grid, as maps of them: planes [b, c, h, w] as convolutions have them, or rows of channels [b, h, w, c]. */
import { constant, Gather, Pad, Reshape, type ShapedValue, Transpose } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";

export function sizeOf(planes: ShapedValue): Size {
  return planes.dims.slice(2) as unknown as Size;
}

export function planesToTokens(planes: ShapedValue): ShapedValue {
  const [batch, channels] = planes.dims;
  const [height, width] = sizeOf(planes);
  return Transpose(Reshape(planes, [batch, channels, height * width]), [0, 2, 1]);
}

export function tokensToPlanes(tokens: ShapedValue, size: Size): ShapedValue {
  const [batch, , channels] = tokens.dims;
  return Reshape(Transpose(tokens, [0, 2, 1]), [batch, channels, ...size]);
}

export function rowsToTokens(rows: ShapedValue): ShapedValue {
  const [batch, height, width, channels] = rows.dims as readonly [string, number, number, number];
  return Reshape(rows, [batch, height * width, channels]);
}

export const planesToRows = (planes: ShapedValue): ShapedValue => Transpose(planes, [0, 2, 3, 1]);
export const rowsToPlanes = (rows: ShapedValue): ShapedValue => Transpose(rows, [0, 3, 1, 2]);

export function tokensToRows(tokens: ShapedValue, size: Size): ShapedValue {
  const [batch, , channels] = tokens.dims;
  return Reshape(tokens, [batch, ...size, channels]);
}

/** Tokens in another order: `order[i]` is the one that comes to place i; the number after the last token is one of zeros. */
export function reorder(tokens: ShapedValue, order: Int32Array): ShapedValue {
  const count = tokens.dims[1] as number;
  if (order.length === count && order.every((from, at) => from === at)) return tokens;
  const padded = order.includes(count) ? Pad(tokens, [0, 0, 0, 0, 1, 0]) : tokens;
  return Gather(padded, constant(tokens.graph, "int32", [order.length], order, "order"), { axis: 1 });
}
