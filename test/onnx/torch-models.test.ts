/** Files as users bring them (torch's two exporters, float16, int8, int4, onnxruntime's optimizer): what is said of them, and S² around them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type S2Options, s2, type Tensor } from "../../src/core/index.ts";
import { exportS2 } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { fromFloat16, toFloat16 } from "../../src/tensors/index.ts";

// research/python/make-torch-models.py draws them.
const folder = fileURLToPath(new URL("torch-models/", import.meta.url));
const read = (name: string) => readFileSync(`${folder}${name}.onnx`);

/** 16 patches of 8x8x3; a block: 12·n·d² of products and 2·n²·d of attention. */
const vitCost = (d: number, depth = 1) => 16 * 192 * d + depth * (12 * 17 * d * d + 2 * 17 * 17 * d);
/** Patches with bias, class token and positions, a block's 12·d² and 13·d, the last norm. */
const vitSize = (d: number, depth = 1) => 192 * d + d + d + 17 * d + depth * (12 * d * d + 13 * d) + 2 * d;
/** Stem 4x4, depthwise 7x7 on 8x8 places, two products of factor 4, a step down by 2. */
const convCost = 64 * 48 * 8 + 64 * 49 * 8 + 64 * 2 * 4 * 8 * 8 + 16 * 8 * 4 * 16;
const convSize = 48 * 8 + 8 + 49 * 8 + 8 + 16 + 2 * 4 * 8 * 8 + 32 + 8 + 8 * 16 * 4 + 16; // BatchNorm is folded into the stem

interface Expected {
  readonly opset: number;
  readonly producer: RegExp;
  readonly cost: number;
  readonly size: number;
  readonly prefix?: number;
  readonly width?: number;
  /** Largest difference of the export from s2(). */
  readonly within?: number;
}

const vit = { cost: vitCost(12), size: vitSize(12), prefix: 1, width: 12 };
const narrow = { cost: vitCost(8), size: vitSize(8), prefix: 1, width: 8 };
const conv = { cost: convCost, size: convSize, width: 16 };
const [ts, dynamo, ort] = [/^pytorch 2/, /^pytorch 2/, /^(onnx.quantize|onnxruntime)/];
// Half floats have 11 bits: onnxruntime fuses the graph with and without S² around it differently, and values are around 1.
const half = 4e-3;

const files: Record<string, Expected> = {
  "vit-ts13": { opset: 13, producer: ts, ...vit },
  "vit-ts14-squeeze": { opset: 14, producer: ts, ...narrow }, // an If that shapes decide
  "vit-ts17-batch1": { opset: 17, producer: ts, ...narrow, cost: vitCost(8, 2), size: vitSize(8, 2) },
  "vit-ts17-half": { opset: 17, producer: ts, ...vit, within: half },
  "vit-ts17-scripted": {
    opset: 17,
    producer: ts,
    cost: 16 * 192 * 12 + 2 * 16 * 144,
    size: 193 * 12 + 13 * 12,
    prefix: 0,
    width: 12,
  }, // Loop, If
  "vit-ts20": { opset: 20, producer: ts, ...narrow },
  "vit-dynamo18": { opset: 18, producer: dynamo, ...vit },
  "vit-dynamo20-batch1": { opset: 20, producer: dynamo, ...vit },
  "vit-dynamo23": { opset: 23, producer: dynamo, ...vit }, // ONNX's Attention
  "mixer-functions18": {
    ...{
      opset: 18,
      producer: dynamo,
      cost: 16 * 192 * 12 + 2 * 8 * 16 * 144,
      size: 193 * 12 + 8 * 144 + 7 * 12,
      prefix: 0,
      width: 12,
    },
  },
  "vit-fp16": { opset: 13, producer: ts, ...vit, within: half },
  "vit-fp16-float-io": { opset: 13, producer: ts, ...vit, within: half }, // its nodes are out of order
  "vit-q8": { opset: 13, producer: ort, ...vit },
  "vit-q8-signed": { opset: 20, producer: ort, ...narrow },
  "vit-q8-optimized": { opset: 13, producer: ort, ...vit }, // DynamicQuantizeMatMul, MatMulIntegerToFloat
  "vit-q4": { opset: 13, producer: ts, ...vit }, // MatMulNBits
  "vit-optimized": { opset: 13, producer: ts, ...vit },
  "vit-fused": { opset: 13, producer: ort, ...vit }, // SkipLayerNormalization, BiasGelu
  "conv-ts13": { opset: 13, producer: ts, ...conv },
  "conv-ts17-training": { opset: 17, producer: ts, ...conv, size: convSize + 4 * 8 },
  "conv-dynamo18": { opset: 18, producer: dynamo, ...conv },
  "conv-q8": { opset: 13, producer: ort, ...conv },
};
const anySize: Record<string, Expected> = {
  "vit-ts17-any-size": { opset: 17, producer: ts, ...vit },
  "vit-dynamo18-any-size": { opset: 18, producer: dynamo, ...vit },
};

const noise = (dims: readonly number[]): Tensor => {
  let state = 5;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return { dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next) };
};

async function open(file: Uint8Array): Promise<{ run: (images: Tensor) => Promise<Tensor>; close: () => Promise<void> }> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const [input] = session.inputMetadata;
  const isHalf = input.isTensor && input.type === "float16";
  return {
    async run({ dims, data }) {
      const images = isHalf
        ? new OrtTensor("float16", toFloat16(data) as never, dims as number[])
        : new OrtTensor("float32", data, dims as number[]);
      const result = Object.values(await session.run({ [input.name]: images }))[0];
      const floats = result.type === "float16" ? fromFloat16(new Uint16Array((result.data as Uint16Array).buffer)) : result.data;
      return { dims: result.dims, data: floats as Float32Array };
    },
    close: () => session.release(),
  };
}

/** The largest difference between the export and s2() with the same file; NaN where shapes differ. */
async function errorOfExport(file: Uint8Array, options: S2Options, images: Tensor): Promise<number> {
  const backbone = await open(file);
  const expected = await s2(backbone.run, images, options);
  await backbone.close();
  const whole = await open(exportS2(file, { ...options, imageSize: images.dims[2] }));
  const got = await whole.run(images);
  await whole.close();
  if (String(got.dims) !== String(expected.dims)) return Number.NaN;
  return got.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i])), 0);
}

it("every file of the folder is in the tables", () => {
  const names = readdirSync(folder).map((name) => name.replace(".onnx", ""));
  expect(names.sort()).toEqual([...Object.keys(files), ...Object.keys(anySize)].sort());
});

describe.each(Object.entries(files))("%s", (name, { opset, producer, cost, size, prefix, width, within = 1e-4 }) => {
  it("is what its formula says", () => {
    const report = inspectModel(read(name));
    const isHalf = /half|fp16$/.test(name);
    expect(report.inputs).toEqual([
      { name: "pixel_values", type: isHalf ? "float16" : "float32", shape: [/batch1/.test(name) ? 1 : "batch", 3, 32, 32] },
    ]);
    expect(report.outputs).toHaveLength(1);
    expect(report).toMatchObject({ opset, producer: expect.stringMatching(producer), parameters: size });
    expect(report.multiplyAdds).toEqual({ value: cost, from: expect.stringContaining("for one image") });
    expect(report.imageSize).toEqual({ value: [32, 32], from: "the fixed shape of pixel_values" });
    const maps = prefix === undefined;
    const seen = maps ? "features_map is [1, 16, 4, 4] for one image of 32x32" : "the first convolution, of 8x8 in steps of 8";
    expect(report.patchSize).toEqual({ value: 8, from: seen });
    expect(report.layout.value).toBe(maps ? "bchw" : "bnc");
    const counted = maps ? "maps have none" : `${16 + prefix} tokens less a grid of 16`;
    expect(report.prefixTokens).toEqual({ value: prefix ?? 0, from: counted });
    expect(report.channels.value).toBe(width);
  });

  // A tile at a time on both sides: int8's scales are those of what runs together.
  it(`S² around it is s2() within ${within}`, async () => {
    const options: S2Options = {
      ...{ scales: [1, 2], maxSplitSize: 32, splitForward: 1 },
      ...(prefix === undefined ? { outputShape: "bchw" as const } : { numPrefixToken: prefix }),
    };
    expect(await errorOfExport(read(name), options, noise([1, 3, 32, 32]))).toBeLessThanOrEqual(within);
  });
});

describe.each(Object.entries(anySize))("%s", (name, { opset, size }) => {
  it("says what it assumes, and takes the size that it is shown", () => {
    const report = inspectModel(read(name));
    expect(report).toMatchObject({ opset, parameters: size, patchSize: { value: 8 }, prefixTokens: { value: 1 } });
    expect(report.imageSize).toEqual({ from: "the input takes any size; 224x224 is assumed for what follows" });
    expect(inspectModel(read(name), { imageSize: [32, 32] }).multiplyAdds.value).toBe(vitCost(12));
    expect(report.multiplyAdds.from).toContain("224x224 is assumed");
  });

  it("S² around it is s2() on tiles of another size than its own", async () => {
    const options = { scales: [1, 2], maxSplitSize: 48, numPrefixToken: 1 };
    expect(await errorOfExport(read(name), options, noise([1, 3, 48, 48]))).toBeLessThanOrEqual(1e-4);
  });
});
