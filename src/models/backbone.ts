/** A backbone within a graph of S²: what it takes and gives, and how it is run on a scale's tiles. */
import { px, S2Error } from "../core/index.ts";
import {
  Add,
  Cast,
  channelsFirst,
  channelsLast,
  Div,
  declaredShape,
  type ElementType,
  elementType,
  embeddedTraits,
  type Graph,
  inline,
  inputsOf,
  Loop,
  type ModelProto,
  Mul,
  metadataOf,
  node,
  Pad,
  Reshape,
  Shape,
  type ShapedValue,
  Slice,
  Squeeze,
  shapesOf,
  Transpose,
  takesChannelsLast,
  type ValueInfoProto,
  whereLost,
  wholeNumbers,
} from "../onnx/index.ts";

type Size = readonly [height: number, width: number];

export interface Backbone {
  readonly model: ModelProto;
  readonly input: string;
  readonly output: string;
  /** Elements of the input and the output: float32 or float16. */
  readonly inputType: ElementType;
  readonly outputType: ElementType;
  readonly channels: number;
  /** It takes images [b, h, w, c]. */
  readonly channelsLast: boolean;
  /** Images that each run must have; undefined: any number. */
  readonly batch?: number;
  /** The one size that it takes; undefined: its graph does not say. */
  readonly size?: Size;
  /** The output's dims for one image of that size. */
  dims(size: Size): readonly number[];
}

/** Names of main features on the hub; a file's embedded metadata goes before them. */
const mainOutputs = ["last_hidden_state", "forward_features", "features"];

/** @throws S2Error "model-file" or "output" when it is no model of images, or its main features are not clear. */
export function readBackbone(model: ModelProto, wish?: string): Backbone {
  const input = pickInput(model);
  const turned = takesChannelsLast(declaredShape(input));
  const [batch, channels, height, width] = turned ? channelsFirst(declaredShape(input)) : declaredShape(input);
  const size = typeof height === "number" && typeof width === "number" ? ([height, width] as const) : undefined;
  const planes = typeof channels === "number" ? channels : 3;
  const fixed = typeof batch === "number" ? batch : undefined;
  const feeds = (tile: Size) => {
    const dims = [fixed ?? 1, planes, ...tile];
    return { [input.name!]: turned ? channelsLast(dims) : dims };
  };
  const shapes = (tile: Size) => shapesOf(model, feeds(tile));
  const output = pickOutput(model, shapes(size ?? [224, 224]), wish);
  const dims = (tile: Size): readonly number[] => {
    const found = shapes(tile).get(output.name!)?.dims;
    if (found?.every((dim) => typeof dim === "number")) return [1, ...(found.slice(1) as number[])];
    const why = whereLost(model, feeds(tile)) ?? "it depends on values";
    throw new S2Error(
      "graph",
      `The shape of the output ${output.name} for tiles of ${px(tile)} px does not follow from the graph (${why}); export the model with fixed sizes.`,
    );
  };
  const type = (value: ValueInfoProto) => elementType(value.type?.tensorType?.elemType);
  return {
    ...{ model, input: input.name!, output: output.name!, inputType: type(input), outputType: type(output) },
    ...{ channels: planes, batch: fixed, size, dims, channelsLast: turned },
  };
}

function pickInput({ graph }: ModelProto): ValueInfoProto {
  const inputs = inputsOf(graph);
  const [only] = inputs;
  if (inputs.length === 1 && declaredShape(only).length === 4) return only;
  const listed = inputs.map((input) => `${input.name} [${declaredShape(input).join(", ")}]`).join(", ") || "nothing";
  throw new S2Error(
    "model-file",
    `The graph takes ${listed}; expected images [b, c, h, w] alone. Export the vision part of the model by itself.`,
  );
}

function pickOutput(model: ModelProto, shapes: ReturnType<typeof shapesOf>, wish?: string): ValueInfoProto {
  const outputs = model.graph.output ?? [];
  const names = outputs.map(({ name }) => name ?? "");
  if (wish !== undefined) {
    const found = outputs.find(({ name }) => name === wish);
    if (found) return found;
    throw new S2Error("output", `The graph has no output ${wish}; it has ${names.join(", ")}.`);
  }
  const features = outputs.filter(({ name }) => [3, 4].includes(shapes.get(name ?? "")?.dims?.length ?? 3));
  const hub = [embeddedTraits(metadataOf(model)).output, ...mainOutputs]
    .map((name) => outputs.find((output) => output.name === name))
    .find((output) => output);
  if (hub) return hub;
  if (features.length === 1) return features[0];
  throw new S2Error(
    "output",
    `The graph gives ${names.join(", ")}; which are the features is not clear. Give output: one of them.`,
  );
}

/** Runs the backbone on tiles [n, c, h, w] of one size, within the graph. */
export type RunBackbone = (tiles: ShapedValue) => ShapedValue;

/** Adds the backbone's weights once and returns what runs it: all tiles at once, or `perRun` at a time. */
export function addBackbone(graph: Graph, backbone: Backbone, perRun?: number): RunBackbone {
  const call = inline(graph, backbone.model, "backbone");
  const run: RunBackbone = (tiles) => {
    const fed = Cast(backbone.channelsLast ? Transpose(tiles, [0, 2, 3, 1]) : tiles, backbone.inputType);
    const name = call({ [backbone.input]: fed }).get(backbone.output)!;
    const [, , height, width] = tiles.dims as [unknown, unknown, number, number];
    const dims = [tiles.dims[0], ...backbone.dims([height, width]).slice(1)];
    return Cast({ graph: tiles.graph, name, type: backbone.outputType, dims } as ShapedValue, "float32");
  };
  const most = backbone.batch ?? perRun;
  return most === undefined ? run : (tiles) => inRuns(tiles, most, run);
}

/** A loop over runs of `most` tiles: the last is filled up with zeros, whose features are cut off again. */
function inRuns(tiles: ShapedValue, most: number, run: RunBackbone): ShapedValue {
  const { graph, dims } = tiles;
  const all = Slice(Shape(tiles), 0, 1, 0);
  const runs = Squeeze(Div(Add(all, most - 1), most), [0]);
  const filled = Pad(tiles, [0, 0, 0, 0, most - 1, 0, 0, 0]);
  const [features] = Loop(graph, runs, (_, turn) => {
    const start = Mul(Reshape(turn, [1]), most);
    const [tile] = node("Slice", [filled, start, Add(start, most), wholeNumbers(graph, [0])]);
    return [run({ ...tile, dims: [most, ...dims.slice(1)] })];
  });
  const joined = Reshape(features, [-1, ...features.dims.slice(2)]);
  const [cut] = node("Slice", [joined, wholeNumbers(graph, [0]), all, wholeNumbers(graph, [0])]);
  return { ...cut, dims: [dims[0], ...features.dims.slice(2)] };
}
