/**
 * A plan as two small graphs around a model's own session: from images to tiles, and from the model's outputs to features. A device runs the
 * three one after the other in its own memory, so that another plan costs two small graphs and the model's weights are there once.
 */
import { readShape, type S2Plan, type SourceImages, scaleMatrices } from "../core/index.ts";
import {
  Cast,
  Concat,
  channelsFirst,
  type ElementType,
  elementTypes,
  finishGraph,
  input,
  newGraph,
  node,
  output,
  Reshape,
  Slice,
  scope,
  Transpose,
  writeOnnx,
} from "../onnx/index.ts";
import { byteCutter, floatCutter } from "./cut-images.ts";
import { mergeScales, poolMaps, poolTokens } from "./s2-graph.ts";

/** Facts about the model between the two graphs. */
export interface PlanModel {
  readonly inputType: ElementType;
  readonly outputType: ElementType;
  /** It takes images [b, h, w, c]. */
  readonly takesChannelsLast: boolean;
  /** It gives maps [b, h, w, c]. */
  readonly givesChannelsLast: boolean;
  readonly patchSize?: number;
}

interface Grid {
  readonly rows: number;
  readonly cols: number;
}

/** The operator set of the small graphs; every runtime in use has it. */
const OPSET = 17;

/**
 * Builds the graph from `images` to the tiles of all scales in the order of `s2` (scale, tile, image), normalized and in the model's own
 * type and order of axes. Its outputs `tiles.0`, `tiles.1` .. have `tilesPerRun` tiles of each image; the last may have fewer.
 */
export function tilesGraph(plan: S2Plan, images: SourceImages, model: PlanModel, tilesPerRun: number): Uint8Array {
  const graph = newGraph(OPSET);
  const { kind } = images;
  const cut = kind === "floats" ? floatCutter(graph, plan, images.images.dims[1]) : byteCutter(graph, plan, images, "images");
  const scales = plan.scales.map((scale, i) => scope(graph, `scale.${i}`, () => cut(scale, i)));
  const joined = Concat(scales, 0);
  const tiles = Cast(model.takesChannelsLast ? Transpose(joined, [0, 2, 3, 1]) : joined, model.inputType);
  const sides = tiles.dims.slice(1);
  const byTile = Reshape(tiles, [plan.tiles, -1, ...sides]);
  for (let from = 0, run = 0; from < plan.tiles; from += tilesPerRun, run++) {
    const isAll = tilesPerRun >= plan.tiles;
    output(isAll ? tiles : Reshape(Slice(byTile, from, from + tilesPerRun, 0), [-1, ...sides]), `tiles.${run}`);
  }
  return writeOnnx(finishGraph(graph, "tiles"));
}

/**
 * Builds the graph from the model's outputs for the runs of tiles, `tokens.0`, `tokens.1` .., to `features`, as `s2` gives them. The model's
 * output for one tile has the shape `dims`.
 * @throws S2Error as `s2`, when the output is no grid of the plan.
 */
export function featuresGraph(plan: S2Plan, dims: readonly number[], model: PlanModel, tilesPerRun: number): Uint8Array {
  const graph = newGraph(OPSET);
  const runs = Math.ceil(plan.tiles / tilesPerRun);
  const outputs = Array.from({ length: runs }, (_, i) =>
    input(graph, `tokens.${i}`, model.outputType, ["tiles", ...dims.slice(1)]),
  );
  const joined = Cast(Concat(outputs, 0), "float32");
  const all = model.givesChannelsLast ? Transpose(joined, [0, 3, 1, 2]) : joined;
  const sides = all.dims.slice(1);
  const byTile = Reshape(all, [plan.tiles, -1, ...sides]);
  const grid = tokenGrid(plan, dims, model);
  let from = 0;
  const scales = plan.scales.map((scale, i) =>
    scope(graph, `scale.${i}`, () => {
      const until = from + scale.tiles.length;
      const tokens = scale.tiles.length === plan.tiles ? all : Reshape(Slice(byTile, from, until, 0), [-1, ...sides]);
      from = until;
      const matrices = scaleMatrices(plan, i, () => grid);
      if (plan.outputShape === "bchw") return poolMaps(tokens, scale, matrices);
      return poolTokens(tokens, scale, matrices, grid, plan.numPrefixToken);
    }),
  );
  output(mergeScales(scales, plan), "features");
  return writeOnnx(finishGraph(graph, "features"));
}

/** Reads the token grid of a tile from the shape of the model's output for one tile, in the graph's own order of axes. */
export function tokenGrid(plan: S2Plan, dims: readonly number[], { givesChannelsLast, patchSize }: PlanModel): Grid {
  const turned = givesChannelsLast ? channelsFirst(dims) : dims;
  return readShape(turned, plan.scales[0].tile, plan, { patchSize }).grid;
}

/** Builds a graph that makes a tensor of zeros of the shape that it is given: how a device lends its memory. */
export function bufferGraph(type: ElementType): Uint8Array {
  const graph = newGraph(OPSET);
  const shape = input(graph, "shape", "int64", ["rank"]);
  const zeros = node("Cast", [node("ConstantOfShape", [shape])[0]], { to: elementTypes[type] })[0];
  output({ ...zeros, type }, "buffer");
  return writeOnnx(finishGraph(graph, "buffer"));
}
