/** `s2 export-vision-encoder`: a folder on disk gains S² with one command, and is whole before or after it. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AutoProcessor, env, LlavaForConditionalGeneration, RawImage } from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { config, preprocessor, processor, projector, weightsOf, writeLanguageModel } from "../runtimes/tiny-llava.ts";
import { s2, s2Process, tempFolder } from "./s2.ts";

const root = tempFolder();

function llava(name: string, channels: number): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeLanguageModel(folder);
  const json = { "config.json": config, "preprocessor_config.json": preprocessor, "processor_config.json": processor };
  for (const [file, value] of Object.entries(json)) writeFileSync(join(folder, file), JSON.stringify(value));
  writeFileSync(join(folder, "model.safetensors"), weightsOf(projector(channels)));
  return folder;
}

describe("export-vision-encoder", () => {
  it("into the folder itself: transformers.js generates from images of the largest size at as many tokens", async () => {
    const folder = llava("own", 72);
    writeFileSync(join(folder, "onnx/vision_encoder_quantized.onnx"), "of one scale");
    const { status, out, err } = await s2Process(["export-vision-encoder", folder, "--img-sizes", "32,64,96", "-o", folder]);
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/vision_encoder\.onnx: 0\.\d MB, images of 96 px, 14 tiles, 16 tokens\n$/),
    ]);
    expect(err).toContain("warning: A scale shrinks 96x96 to 32x32 px without a filter");
    expect(err).toContain("vision_encoder_quantized.onnx has the old size; remove it");
    const remembered = { localModelPath: env.localModelPath, allowRemoteModels: env.allowRemoteModels };
    Object.assign(env, { localModelPath: root, allowRemoteModels: false });
    const ready = await AutoProcessor.from_pretrained("own");
    const model = await LlavaForConditionalGeneration.from_pretrained("own", { dtype: "fp32" });
    Object.assign(env, remembered);
    const inputs = await ready(new RawImage(new Uint8Array(120 * 100 * 3).fill(90), 120, 100, 3), "<image> what is there");
    expect(inputs.pixel_values.dims).toEqual([1, 3, 96, 96]);
    const { dims } = (await model.generate({ ...inputs, max_new_tokens: 3 })) as { dims: number[] };
    expect(dims).toEqual([1, 16 + 3 + 3]);
    await model.dispose();
  });

  it("into another: four files, with --dtype float16 under the library's name; --antialias ends the warning", async () => {
    const folder = llava("source", 72);
    const other = join(root, "other");
    const flags = ["--img-sizes", "32,64,96", "--antialias", "--split-forward", "4", "--dtype", "float16"];
    const { status, err } = await s2(["export-vision-encoder", folder, "-o", other, ...flags]);
    expect([status, err]).toEqual([0, ""]);
    expect(readdirSync(other).sort()).toEqual(["config.json", "onnx", "preprocessor_config.json", "processor_config.json"]);
    expect(readdirSync(join(other, "onnx"))).toEqual(["vision_encoder_fp16.onnx"]);
    expect(JSON.parse(readFileSync(join(other, "config.json"), "utf8"))).toMatchObject({
      s2_scales: "32,64,96",
      image_seq_length: 16,
    });
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toEqual(config);
  });

  it("a projector of one scale ends with 3, both numbers are said, and the folder stays as it was", async () => {
    const folder = llava("narrow", 24);
    const before = join(root, "before");
    cpSync(folder, before, { recursive: true });
    const { status, err } = await s2(["export-vision-encoder", folder, "--img-sizes", "32,64,96", "-o", folder]);
    expect(status).toBe(3);
    expect(err).toMatch(/^error: The projector's first layer takes 24 numbers, the tower gives 72: 24 channels times 3 scales\./);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(readdirSync(before, { recursive: true }).sort());
  });

  it("a wrong folder ends with 3, wrong sizes with 2", async () => {
    expect((await s2(["export-vision-encoder", join(root, "none"), "-o", root])).status).toBe(3);
    const wrong = await s2(["export-vision-encoder", root, "--img-sizes", "32,x", "-o", root]);
    expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining("sides in pixels with commas")]);
  });
});
