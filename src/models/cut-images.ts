/** The way of images into a graph: an input, and from it the tiles of each scale as `s2` (floats) or `extract` (bytes) cuts them. */
import { type S2Plan, type ScalePlan, type SourceImages, scaleMatrices } from "../core/index.ts";
import { filterMatrix } from "../images/index.ts";
import {
  Add,
  Cast,
  Clip,
  constant,
  Gather,
  type Graph,
  input,
  Mul,
  node,
  Pad,
  type ShapedValue,
  Transpose,
  wholeNumbers,
} from "../onnx/index.ts";
import { transposed } from "./layers.ts";
import { cutTiles, tilesInOrder, timesLeft, timesRight } from "./s2-graph.ts";

/** Cuts the tiles of one scale, [rows·cols·b, c, height, width]. */
export type CutScale = (scale: ScalePlan, index: number) => ShapedValue;

/** Resizes and cuts as `s2` does: by one matrix an axis, from the image to the tiles. */
export function floatCutter(graph: Graph, plan: S2Plan, channels: number): CutScale {
  const images = input(graph, "images", "float32", ["batch", channels, ...plan.image]);
  const grid = { rows: 1, cols: 1 }; // of tokens, which only pooling needs
  return (scale, i) =>
    cutTiles(
      images,
      scale,
      scaleMatrices(plan, i, () => grid),
    );
}

/** Takes bytes [batch, height, width, 3] as the input `name` and resizes as `extract` does: by Pillow's filter, rounded to whole levels after each pass; then normalizes, pads with zeros and cuts. */
export function byteCutter(
  graph: Graph,
  plan: S2Plan,
  { width, height, preprocessing }: Omit<Extract<SourceImages, { kind: "bytes" }>, "kind" | "data">,
  name: string,
): CutScale {
  const { mean, std, rescale, filter } = preprocessing;
  const bytes = input(graph, name, "uint8", ["batch", height, width, 3]);
  const planes = Transpose(Cast(bytes, "float32"), [0, 3, 1, 2]);
  const region = plan.region ?? { left: 0, top: 0, width, height };
  const perChannel = (value: (deviation: number, channel: number) => number) =>
    constant(graph, "float32", [1, 3, 1, 1], Float32Array.from(std, value));
  const factor = perChannel((deviation) => rescale / deviation);
  const shift = perChannel((deviation, channel) => -mean[channel] / deviation);
  return (scale) => {
    const [down, across] = plan.splitMode === "resize" ? scale.canvas : scale.size;
    const rows = filterMatrix(filter, height, region.top, region.top + region.height, down);
    const cols = filterMatrix(filter, width, region.left, region.left + region.width, across);
    const once = asLevels(timesRight(planes, transposed({ dims: [across, width], data: cols }) as never, "cols"), planes);
    const resized = asLevels(timesLeft({ dims: [down, height], data: rows }, once, "rows"), once);
    return tilesInOrder(onCanvas(Add(Mul(resized, factor), shift), scale), scale);
  };
}

/** Rounds to 0 .. 255 as Pillow does between its passes; what was not filtered is whole already. */
function asLevels(filtered: ShapedValue, before: ShapedValue): ShapedValue {
  if (filtered === before) return before;
  const [floor] = node("Floor", [Add(filtered, 0.5)]);
  return Clip(floor, 0, 255);
}

/** Pads images [b, c, h, w] to the canvas with zeros and lays the rows and columns of its tiles side by side. */
function onCanvas(images: ShapedValue, { canvas, rowStarts, colStarts, tile }: ScalePlan): ShapedValue {
  const [, , height, width] = images.dims as [unknown, unknown, number, number];
  const [bottom, right] = [canvas[0] - height, canvas[1] - width];
  const padded = bottom + right === 0 ? images : Pad(images, [0, 0, 0, 0, 0, 0, bottom, right]);
  const pickLines = (x: ShapedValue, starts: readonly number[], side: number, axis: number) => {
    const lines = starts.flatMap((start) => Array.from({ length: side }, (_, i) => start + i));
    return lines.every((line, i) => line === i) ? x : Gather(x, wholeNumbers(x.graph, lines), { axis });
  };
  return pickLines(pickLines(padded, rowStarts, tile[0], 2), colStarts, tile[1], 3);
}
