/** The exported file against s2(): who ships one .onnx file must get the features that the library gives. */
import fc from "fast-check";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { S2Error, type S2Options, s2, type Tensor } from "../../src/core/index.ts";
import { exportS2 } from "../../src/models/index.ts";
import type { Dim } from "../../src/onnx/index.ts";
import {
  Add,
  Concat,
  Conv,
  constant,
  finishGraph,
  input,
  Mul,
  newGraph,
  node,
  output,
  Reshape,
  Sigmoid,
  Slice,
  Tanh,
  Transpose,
  writeOnnx,
} from "../../src/onnx/index.ts";

const noise = (dims: readonly number[], seed = 1): Tensor => {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return { dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next) };
};

/** Patches of 4 px into 6 channels; tokens see their neighbors and the tile's first token, so that every cut shows. */
function backbone({
  tile,
  prefix,
  maps,
  batch,
  opset,
}: {
  tile: number;
  prefix: number;
  maps: boolean;
  batch: Dim;
  opset: number;
}): Uint8Array {
  const graph = newGraph(opset);
  const images = input(graph, "pixel_values", "float32", [batch, 3, tile, tile]);
  const weight = noise([6, 3, 4, 4], 7);
  const patches = Conv(images, constant(graph, "float32", [6, 3, 4, 4], weight.data, "weight"), undefined, { strides: [4, 4] });
  const [neighbors] = node("AveragePool", [patches], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const mixed = Tanh(Add(patches, Mul(neighbors, 0.5)));
  if (maps) output(mixed, "features_map");
  else {
    const grid = (tile / 4) ** 2;
    const tokens = Transpose(Reshape(mixed, [batch, 6, grid]), [0, 2, 1]);
    const first = Slice(Sigmoid(tokens), 0, Math.max(prefix, 1), 1);
    output(prefix > 0 ? Concat([first, tokens], 1) : tokens, "last_hidden_state");
  }
  return writeOnnx(finishGraph(graph, "toy"));
}

async function run(file: Uint8Array, feeds: Record<string, OrtTensor>): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const results = await session.run(feeds);
  await session.release();
  return results as unknown as Record<string, Tensor>;
}

const floats = ({ dims, data }: Tensor) => new OrtTensor("float32", data, dims);

function worst(a: Tensor, b: Tensor): number {
  expect(a.dims).toEqual([...b.dims]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

/** The library's answer, with the same backbone in onnxruntime. */
async function expected(file: Uint8Array, images: Tensor, options: S2Options, fixed?: number): Promise<Tensor> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const model = async (tiles: Tensor) =>
    Object.values(await session.run({ pixel_values: floats(tiles) }))[0] as unknown as Tensor;
  const { splitForward, ...rest } = options;
  const traits = { imageSize: [16, 16] as const };
  return s2(Object.assign(model, { traits }), images, { ...rest, splitForward: fixed ? 1 : splitForward }).finally(() =>
    session.release(),
  );
}

const plans = fc.record({
  size: fc.constantFrom([16, 16], [24, 24], [16, 32], [20, 28]),
  maps: fc.boolean(),
  prefix: fc.constantFrom(0, 0, 1, 3),
  scales: fc.constantFrom([1], [1, 2], [1, 2, 3], [1.5, 1], [0.5, 1, 2]),
  splitMode: fc.constantFrom("exact", "resize", "pad" as const),
  merge: fc.constantFrom("concat", "add", "mean" as const),
  antialias: fc.boolean(),
  overlap: fc.constantFrom(0, 0, 1, 2),
  fusion: fc.constantFrom("reference", "aligned" as const),
  resizeOutputToIdx: fc.constantFrom(0, 0, -1),
  splitForward: fc.constantFrom(false, true, 2, 3),
  batch: fc.constantFrom(1, 2),
  fixed: fc.constantFrom(undefined, undefined, 1),
  opset: fc.constantFrom(13, 17, 20, 23),
});

describe("the exported file equals s2()", () => {
  it("on 120 random plans within 1e-4; what does not plan does not export, for the same reason", async () => {
    let compared = 0;
    for (const [i, plan] of fc.sample(plans, { numRuns: 600, seed: 20261124 }).entries()) {
      const { size, maps, prefix, batch, fixed, opset, ...asked } = plan;
      const [height, width] = size as readonly number[];
      const options = {
        ...asked,
        maxSplitSize: 16,
        numPrefixToken: maps ? 0 : prefix,
        outputShape: maps ? "bchw" : "bnc",
      } as S2Options;
      const file = backbone({ tile: 16, prefix, maps, batch: fixed ?? "batch", opset });
      const images = noise([batch, 3, height, width], i + 1);
      const answer = await expected(file, images, options, fixed).catch((error: unknown) => error as S2Error);
      if (answer instanceof Error) {
        expect(answer, JSON.stringify(plan)).toBeInstanceOf(S2Error);
        const refused = expect.objectContaining({ code: answer.code });
        expect(() => exportS2(file, { ...options, imageSize: [height, width] }), JSON.stringify(plan)).toThrow(refused);
        continue;
      }
      const whole = exportS2(file, { ...options, imageSize: [height, width] });
      const { features } = await run(whole, { pixel_values: floats(images) });
      const error = worst(features, answer);
      expect(error, JSON.stringify(plan)).toBeLessThanOrEqual(1e-4);
      if (++compared === 120) break;
    }
    expect(compared).toBe(120);
  });
});
