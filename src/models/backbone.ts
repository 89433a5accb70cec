/** A backbone within a graph of S²: what it takes and gives, and how it is run on a scale's tiles. */
import { px, S2Error } from "../core/index.ts";
import {
  Cast,
  Concat,
  type ElementType,
  elementType,
  type Graph,
  inline,
  type ModelProto,
  type ShapedValue,
  Slice,
  shapesOf,
  type ValueInfoProto,
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
  /** Images that each run must have; undefined: any number. */
  readonly batch?: number;
  /** The one size that it takes; undefined: its graph does not say. */
  readonly size?: Size;
  /** The output's dims for one image of that size. */
  dims(size: Size): readonly number[];
}

/** Hub names first. */
const mainOutputs = ["last_hidden_state", "forward_features", "features"];

/** @throws S2Error "model-file" or "output" when it is no model of images, or its main features are not clear. */
export function readBackbone(model: ModelProto, wish?: string): Backbone {
  const input = pickInput(model);
  const [batch, channels, height, width] = dimsOf(input);
  const size = typeof height === "number" && typeof width === "number" ? ([height, width] as const) : undefined;
  const planes = typeof channels === "number" ? channels : 3;
  const fixed = typeof batch === "number" ? batch : undefined;
  const shapes = (tile: Size) => shapesOf(model, { [input.name!]: [fixed ?? 1, planes, ...tile] });
  const output = pickOutput(model, shapes(size ?? [224, 224]), wish);
  const dims = (tile: Size): readonly number[] => {
    const found = shapes(tile).get(output.name!)?.dims;
    if (found?.every((dim) => typeof dim === "number")) return [1, ...(found.slice(1) as number[])];
    throw new S2Error(
      "graph",
      `The shape of the output ${output.name} for tiles of ${px(tile)} px does not follow from the graph; export the model with fixed sizes.`,
    );
  };
  const type = (value: ValueInfoProto) => elementType(value.type?.tensorType?.elemType);
  return {
    ...{ model, input: input.name!, output: output.name!, inputType: type(input), outputType: type(output) },
    ...{ channels: planes, batch: fixed, size, dims },
  };
}

function dimsOf({ type }: ValueInfoProto): (number | string)[] {
  return (type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
    dimValue === undefined ? (dimParam ?? "?") : Number(dimValue),
  );
}

function pickInput({ graph }: ModelProto): ValueInfoProto {
  const weights = new Set((graph.initializer ?? []).map(({ name }) => name)); // older files list these as inputs too
  const inputs = (graph.input ?? []).filter(({ name }) => !weights.has(name));
  const [only] = inputs;
  if (inputs.length === 1 && dimsOf(only).length === 4) return only;
  const listed = inputs.map((input) => `${input.name} [${dimsOf(input).join(", ")}]`).join(", ") || "nothing";
  throw new S2Error(
    "model-file",
    `The graph takes ${listed}; expected images [b, c, h, w] alone. Export the vision part of the model by itself.`,
  );
}

function pickOutput({ graph }: ModelProto, shapes: ReturnType<typeof shapesOf>, wish?: string): ValueInfoProto {
  const outputs = graph.output ?? [];
  const names = outputs.map(({ name }) => name ?? "");
  if (wish !== undefined) {
    const found = outputs.find(({ name }) => name === wish);
    if (found) return found;
    throw new S2Error("output", `The graph has no output ${wish}; it has ${names.join(", ")}.`);
  }
  const features = outputs.filter(({ name }) => [3, 4].includes(shapes.get(name ?? "")?.dims?.length ?? 3));
  const hub = mainOutputs.map((name) => outputs.find((output) => output.name === name)).find((output) => output);
  if (hub) return hub;
  if (features.length === 1) return features[0];
  throw new S2Error(
    "output",
    `The graph gives ${names.join(", ")}; which are the features is not clear. Give output: one of them.`,
  );
}

/** Adds the backbone's weights once and returns what runs it on tiles [n, c, h, w] of one size. */
export function placeBackbone(graph: Graph, backbone: Backbone): (tiles: ShapedValue, count: number) => ShapedValue {
  const call = inline(graph, backbone.model, "backbone");
  const run = (tiles: ShapedValue): ShapedValue => {
    const fed = Cast(tiles, backbone.inputType);
    const name = call({ [backbone.input]: fed }).get(backbone.output)!;
    const dims = [tiles.dims[0], ...backbone.dims([tiles.dims[2], tiles.dims[3]] as unknown as Size).slice(1)];
    return Cast({ graph, name, type: backbone.outputType, dims } as ShapedValue, "float32");
  };
  return (tiles, count) => {
    if (backbone.batch === undefined) return run(tiles);
    // Fixed batch: the images of the graph are as many, so that each tile position is one run.
    const parts = Array.from({ length: count }, (_, i) =>
      run({
        ...Slice(tiles, i * backbone.batch!, (i + 1) * backbone.batch!, 0),
        dims: [backbone.batch!, ...tiles.dims.slice(1)],
      }),
    );
    return Concat(parts, 0);
  };
}
