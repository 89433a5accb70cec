/** A small model as a graph, and a session of it that runs plans as a whole, on the processor or another device. */
import { makeModel } from "../../dist/runtimes/make-model.js";
import { startSession } from "../../dist/runtimes/node/session.js";
import type { VisionModel } from "../../src/core/index.ts";
import {
  Add,
  Concat,
  Conv,
  constant,
  finishGraph,
  input,
  Log,
  Mul,
  newGraph,
  node,
  output,
  Reshape,
  Slice,
  Tanh,
  Transpose,
  writeOnnx,
} from "../../src/onnx/index.ts";
import type { Model } from "../../src/runtimes/node/index.ts";
import type { Session } from "../../src/runtimes/session.ts";

export function noise(count: number, seed: number): Float32Array {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Float32Array.from({ length: count }, next);
}

export interface ToyGraph {
  /** Tokens before the grid; "maps" for maps [b, c, h, w]. */
  readonly prefix: number | "maps";
  /** The side of its images. */
  readonly side?: number;
  readonly channelsLast?: boolean;
  /** Takes the logarithm of its features, which is NaN for some. */
  readonly logs?: boolean;
}

/** Patches of 4 px into 6 channels; tokens see their neighbors and the tile's first token, so that every cut shows. */
export function toyGraph({ prefix, side = 16, channelsLast, logs }: ToyGraph): Uint8Array {
  const graph = newGraph(17);
  const given = input(graph, "pixel_values", "float32", channelsLast ? ["batch", side, side, 3] : ["batch", 3, side, side]);
  const images = channelsLast ? Transpose(given, [0, 3, 1, 2]) : given;
  const patches = Conv(images, constant(graph, "float32", [6, 3, 4, 4], noise(288, 7), "weight"), undefined, { strides: [4, 4] });
  const [neighbors] = node("AveragePool", [patches], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const mixed = Tanh(Add(patches, Mul(neighbors, 0.5)));
  const maps = logs ? Log(mixed) : mixed;
  if (prefix === "maps") output(channelsLast ? Transpose(maps, [0, 2, 3, 1]) : maps, "features");
  else {
    const tokens = Transpose(Reshape(maps, ["batch", 6, (side / 4) ** 2]), [0, 2, 1]);
    output(prefix > 0 ? Concat([Slice(tokens, 0, prefix, 1), tokens], 1) : tokens, "last_hidden_state");
  }
  return writeOnnx(finishGraph(graph, "toy"));
}

/** A model whose plans run as a whole on `device`, and how many did. `change` replaces parts of its session. */
export async function deviceModel(
  toy: ToyGraph,
  {
    tilesPerRun = 10,
    device = "cpu",
    change,
  }: { tilesPerRun?: number; device?: string; change?: (session: Session) => Partial<Session> } = {},
): Promise<{ onDevice: Model; tiled: VisionModel; count: { onDevice: number } }> {
  const session = await startSession(toyGraph(toy), "toy", { threads: 1, device });
  const changed = { ...session, tilesPerRun, ...change?.(session) };
  const options = toy.prefix === "maps" ? {} : { patchSize: 4, prefixTokens: toy.prefix };
  const model = (await makeModel(changed, { metadata: {}, source: "toy" }, options)) as Model;
  const count = { onDevice: 0 };
  const runOnDevice: VisionModel["runOnDevice"] = async (plan, images) => {
    const result = await model.runOnDevice!(plan, images);
    if (result) count.onDevice++;
    return result;
  };
  const call = (images: Parameters<Model>[0]) => model(images);
  return {
    onDevice: Object.assign(call.bind(undefined), model, { runOnDevice }),
    tiled: Object.assign(call.bind(undefined), { traits: model.traits }),
    count,
  };
}
