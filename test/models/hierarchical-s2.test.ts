/** S² on hierarchical models: maps of ConvNeXt, Swin and Hiera, by the reference's rule written out, by s2() and in one file. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { mergeChessboard, resize, s2, splitChessboard, type Tensor } from "../../src/core/index.ts";
import { buildModel, exportS2 } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { goldenFolders, readConfig, readWeights } from "./golden-model.ts";

const folders = goldenFolders(/^(hf|timm)-(convnext|swin|swinv2|hiera)(-abswin)?$/);

const wave = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011)),
});

/** s2wrapper's forward for maps at scales 1 and 2: resize, cut, run, stitch, pool to the first grid, concatenate. */
async function reference(model: (tiles: Tensor) => Promise<Tensor>, images: Tensor): Promise<Tensor> {
  const [, , height, width] = images.dims;
  const coarse = await model(images);
  const [b, c, rows, cols] = coarse.dims;
  const tiles = splitChessboard(resize(images, [2 * height, 2 * width]), 2, 2);
  const fine = resize(mergeChessboard(await model(tiles), 2, 2), [rows, cols], { mode: "area" });
  const data = new Float32Array(2 * coarse.data.length);
  const map = c * rows * cols;
  for (let i = 0; i < b; i++) {
    data.set(coarse.data.subarray(i * map, (i + 1) * map), 2 * i * map);
    data.set(fine.data.subarray(i * map, (i + 1) * map), (2 * i + 1) * map);
  }
  return { dims: [b, 2 * c, rows, cols], data };
}

function worst(a: Tensor, b: Tensor): number {
  expect(a.dims).toEqual([...b.dims]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

it.each(folders)("%s", async (folder) => {
  const [config, weights] = [readConfig(folder), readWeights(folder)];
  const whole = buildModel(config, weights);
  const [height, width] = inspectModel(whole).imageSize.value!;
  const images = wave([2, 3, height, width]);
  // A late stage and an earlier one: each has its own number of channels and places.
  for (const output of ["stages.2", "stages.1"]) {
    const file = buildModel(config, weights, { outputs: [output] });
    const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    const model = async ({ dims, data }: Tensor) =>
      (await session.run({ pixel_values: new OrtTensor("float32", data, dims) }))[output] as unknown as Tensor;
    const options = { scales: [1, 2], outputShape: "bchw" } as const;
    const expected = await reference(model, images);
    expect(worst(await s2(model, images, options), expected)).toBeLessThan(1e-5);
    await session.release();
    const exported = await InferenceSession.create(exportS2(file, { ...options, imageSize: [height, width] }), {
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    const { features } = await exported.run({ pixel_values: new OrtTensor("float32", images.data, images.dims) });
    expect(worst(features as unknown as Tensor, expected)).toBeLessThan(1e-4);
    await exported.release();
  }
});
