/** The real transformers.js on a small LLaVA: a folder that gains S² must work with the code that used it before. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AutoProcessor,
  env,
  type Tensor as LibraryTensor,
  LlavaForConditionalGeneration,
  RawImage,
} from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planTower, s2, type Tensor } from "../../src/core/index.ts";
import { buildProjector, buildTower, exportVisionEncoder, type VisionEncoderOptions } from "../../src/models/index.ts";
import { openGraph } from "../../src/runtimes/node/open-graph.ts";
import { differs, weightsFile, wholeCases } from "../models/dynamic-s2.ts";
import { config, plainEncoder, preprocessor, processor, projector, weightsOf, writeLanguageModel } from "./tiny-llava.ts";

const root = mkdtempSync(join(tmpdir(), "s2-llava-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const remembered = { localModelPath: env.localModelPath, allowRemoteModels: env.allowRemoteModels };
beforeAll(() => void Object.assign(env, { localModelPath: root, allowRemoteModels: false }));
afterAll(() => void Object.assign(env, remembered));

type Configs = Readonly<Record<string, object>>;
let folders = 0;

function writeFolder(encoder: Uint8Array, configs: Configs, name = "vision_encoder.onnx"): string {
  const folder = `llava-${folders++}`;
  writeLanguageModel(join(root, folder));
  writeFileSync(join(root, folder, "onnx", name), encoder);
  for (const [file, value] of Object.entries(configs)) writeFileSync(join(root, folder, file), JSON.stringify(value));
  return folder;
}

const image = (seed = 1, width = 150, height = 110): RawImage => {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);
  return new RawImage(data, width, height, 3);
};

interface Answer {
  readonly ids: bigint[];
  readonly text: string;
  readonly pixels: Tensor;
  readonly features: Tensor;
  readonly imageTokens: number;
}

/** Code of an application with a LLaVA folder; it knows nothing of S². */
async function ask(
  folder: string,
  images: RawImage | RawImage[] = image(),
  dtype: Record<string, "fp32" | "fp16"> = {},
): Promise<Answer> {
  const question = "<image> what is there in the image";
  const ready = await AutoProcessor.from_pretrained(folder);
  const model = await LlavaForConditionalGeneration.from_pretrained(folder, {
    dtype: { vision_encoder: "fp32", embed_tokens: "fp32", decoder_model_merged: "fp32", ...dtype },
  });
  const inputs = await ready(images, Array.isArray(images) ? images.map(() => question) : question);
  const sequences = (await model.generate({ ...inputs, max_new_tokens: 8, do_sample: false })) as LibraryTensor;
  const features = (await model.encode_image({ pixel_values: inputs.pixel_values })) as LibraryTensor;
  const plain = ({ dims, data }: LibraryTensor): Tensor => ({ dims: [...dims], data: data as Float32Array });
  const ids = [...(sequences.data as BigInt64Array)];
  await model.dispose();
  return {
    ...{ ids, text: ready.batch_decode(sequences, { skip_special_tokens: true })[0] as string },
    ...{ pixels: plain(inputs.pixel_values), features: plain(features) },
    imageTokens: [...(inputs.input_ids.data as BigInt64Array)].filter((id) => id === 3n).length,
  };
}

const exported = (weights: Uint8Array, options: VisionEncoderOptions = {}, own = config) =>
  exportVisionEncoder(own, weights, { preprocessor, processor, ...options });

describe("a LLaVA folder", () => {
  const tower = () => buildTower(config, weightsOf(projector(24)));
  let plain: Answer;
  beforeAll(async () => {
    const encoder = plainEncoder(tower(), projector(24));
    plain = await ask(
      writeFolder(encoder, {
        "config.json": config,
        "preprocessor_config.json": preprocessor,
        "processor_config.json": processor,
      }),
    );
  });

  it("works as it is: 16 tokens of an image, eight more that follow from it", async () => {
    expect(plain).toMatchObject({ imageTokens: 16, features: { dims: [1, 16, 16] }, pixels: { dims: [1, 3, 32, 32] } });
    expect(plain.ids.length).toBe(16 + 7 - 1 + 8);
    const other = await ask(`llava-0`, image(2));
    expect(other.ids).not.toEqual(plain.ids); // the answer hangs on the image, else equal answers would prove nothing
  });

  it("with one scale answers as the plain export does", async () => {
    const { file, configs, tokens } = exported(weightsOf(projector(24)), { scales: [32] });
    const answer = await ask(writeFolder(file, configs));
    expect(tokens).toBe(16);
    expect(answer.pixels).toEqual(plain.pixels);
    expect(differs(answer.features.data, plain.features.data)).toBe("");
    expect([answer.ids, answer.text]).toEqual([plain.ids, plain.text]);
  });

  it("with three scales has as many tokens, sees nine times the pixels, and gives what s2() gives", async () => {
    const weights = weightsOf(projector(72));
    const { file, configs, tokens, tower: read } = exported(weights, { scales: [32, 64, 96] });
    const folder = writeFolder(file, configs);
    const answer = await ask(folder);
    expect(answer).toMatchObject({ imageTokens: tokens, features: { dims: [1, 16, 16] }, pixels: { dims: [1, 3, 96, 96] } });
    expect(answer.ids.length).toBe(plain.ids.length);
    expect(answer.ids).not.toEqual((await ask(folder, image(2))).ids);

    const eyes = await openGraph(tower(), { threads: 1 });
    const model = async (tiles: Tensor) => Object.values(await eyes.run({ pixel_values: tiles }))[0] as Tensor;
    const features = await s2(
      model,
      answer.pixels,
      planTower(read, { height: 96, width: 96 }, { prefixTokens: 1, patchSize: 8 }),
    );
    const project = await openGraph(buildProjector(configs["config.json"], weights, { side: 4 }), { threads: 1 });
    const patches = { dims: [1, 16, 72], data: features.data.slice(72) };
    const { image_features } = await project.run({ features: patches });
    expect(differs(answer.features.data, image_features.data as Float32Array)).toBe("");
    await Promise.all([eyes.close(), project.close()]);
  });

  it("of two images in one call, tile by tile, each gets its own tokens", async () => {
    const { file, configs } = exported(weightsOf(projector(72)), { scales: [32, 64, 96], splitForward: 2 });
    const folder = writeFolder(file, configs);
    const [first, second, both] = [
      await ask(folder, image(1)),
      await ask(folder, image(2)),
      await ask(folder, [image(1), image(2)]),
    ];
    expect(both.features.dims).toEqual([2, 16, 16]);
    expect(differs(both.features.data, Float32Array.from([...first.features.data, ...second.features.data]))).toBe("");
    expect(both.ids.slice(0, both.ids.length / 2)).toEqual(first.ids);
  });

  it("a filter before shrinking changes the small scales, and is off unless asked for", async () => {
    const weights = weightsOf(projector(72));
    const folder = (options: VisionEncoderOptions) => {
      const { file, configs } = exported(weights, { scales: [32, 64, 96], ...options });
      return writeFolder(file, configs);
    };
    const [parity, filtered] = [await ask(folder({})), await ask(folder({ antialias: true }))];
    expect(differs(parity.features.data, filtered.features.data)).not.toBe("");
  });

  it("float16 weights make a smaller file, which loads under the name that the library looks for", async () => {
    const weights = weightsOf(projector(72));
    const whole = exported(weights, { scales: [32, 64, 96] });
    const half = exported(weights, { scales: [32, 64, 96], dtype: "float16" });
    expect(half.file.length).toBeLessThan(0.8 * whole.file.length); // S²'s matrices and the plan are not weights
    const answer = await ask(writeFolder(half.file, half.configs, "vision_encoder_fp16.onnx"), image(), {
      vision_encoder: "fp16",
    });
    expect(answer.features.dims).toEqual([1, 16, 16]);
  });

  it("with [CLS] kept, averaged over tiles, has one token more, and the processor counts it", async () => {
    const own = { ...config, vision_feature_select_strategy: "full" };
    const { file, configs } = exported(weightsOf(projector(72)), { scales: [32, 64, 96] }, own);
    const answer = await ask(writeFolder(file, configs));
    expect([answer.imageTokens, answer.features.dims]).toEqual([17, [1, 17, 16]]);
  });

  it("a config that has S² already needs nothing said, and the written one is read the same again", async () => {
    const own = { ...config, s2: true, s2_scales: "32,64,96" };
    const asked = exported(weightsOf(projector(72)), { scales: [32, 64, 96] });
    const read = exported(weightsOf(projector(72)), {}, own);
    expect(read.file).toEqual(asked.file);
    expect(exported(weightsOf(projector(72)), {}, read.configs["config.json"] as typeof config).configs).toEqual(read.configs);
  });
});

describe("VILA's eyes in such a folder", () => {
  // The golden picture's projector: 2x2 cells, three scales of the golden SigLIP.
  const golden = wholeCases[0];
  const cells = Object.fromEntries(Object.entries(golden.projector).map(([name, stored]) => [`mm_projector.${name}`, stored]));
  const vila = {
    ...{ ...config, dynamic_s2: undefined, s2: true, s2_scales: "32,64,96", s2_max_split_size: 32 },
    ...{ mm_projector_type: "mlp_downsample", mm_vision_select_feature: "cls_patch", max_tiles: 12 },
    vision_config: {
      ...(config.vision_config as object),
      model_type: "siglip_vision_model",
      hidden_size: 24,
      intermediate_size: 40,
    },
  };
  const siglip = {
    ...vila,
    vision_config: { ...vila.vision_config, hidden_act: "gelu_pytorch_tanh", layer_norm_eps: 1e-6, vision_use_head: false },
  };
  const weights = () => [weightsOf({}, "siglip-tiny.safetensors"), weightsFile(cells)];
  const squashing = { ...preprocessor, do_center_crop: false, size: { height: 32, width: 32 }, crop_size: undefined };

  it.each([
    [0, 4, 48],
    [-1, 36, 16],
  ])("output scale %i: %i tokens of 2x2 cells, each of %i px", async (index, tokens, patch) => {
    const own = { ...siglip, s2_resize_output_to_scale_idx: index };
    const encoder = exportVisionEncoder(own, weights(), { preprocessor: squashing, processor });
    expect(encoder.tokens).toBe(tokens);
    expect(encoder.configs["processor_config.json"]).toMatchObject({ patch_size: patch, num_additional_image_tokens: 0 });
    const answer = await ask(writeFolder(encoder.file, encoder.configs));
    expect([answer.imageTokens, answer.features.dims, answer.pixels.dims]).toEqual([tokens, [1, tokens, 16], [1, 3, 96, 96]]);
  });

  it("Dynamic S² has no one graph: the refusal names both ways out, and squares are one of them", () => {
    const dynamic = { ...siglip, s2: undefined, dynamic_s2: true, image_aspect_ratio: "dynamic_s2" };
    const attempt = () => exportVisionEncoder(dynamic, weights(), { preprocessor: squashing, processor });
    expect(attempt).toThrow(
      expect.objectContaining({ code: "tower", message: expect.stringMatching(/visualTokens, or give scales/) }),
    );
    expect(exportVisionEncoder(dynamic, weights(), { scales: [32, 64, 96] }).tokens).toBe(4);
  });
});

describe("what does not fit is refused before anything is written", () => {
  it("a projector of one scale: both channelsPerScale, and what to do", () => {
    const attempt = () => exported(weightsOf(projector(24)), { scales: [32, 64, 96] });
    expect(attempt).toThrow(/takes 24 numbers, the tower gives 72: 24 channels times 3 scales\. They are weights for 1 scale\./);
    expect(attempt).toThrow(expect.objectContaining({ code: "projector-width" }));
  });
  it("cells and kept prefix tokens", () => {
    const own = { ...config, mm_projector_type: "mlp_downsample", mm_vision_select_feature: "cls_patch" };
    const cells = weightsFile(wholeCases[0].projector, "mm_projector.");
    expect(() => exportVisionEncoder(own, [weightsOf({}), cells], { scales: [32, 64, 96] })).toThrow(/17 tokens are not 4x4/);
  });
  it("a type of numbers that is none, and sizes that do not cut into tiles", () => {
    expect(() => exported(weightsOf(projector(24)), { scales: [32], dtype: "int4" as never })).toThrow(/dtype is "int4"/);
    expect(() => exported(weightsOf(projector(48)), { scales: [32, 50] })).toThrow(
      expect.objectContaining({ code: "tile-size" }),
    );
  });
});
