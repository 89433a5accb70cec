/** The real transformers.js on local files: its model must be as good as ours for S². */
import { rmSync } from "node:fs";
import { AutoImageProcessor, AutoModel, AutoProcessor, env, Tensor } from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { s2 } from "../../src/core/index.ts";
import { type FromTransformers, fromTransformers } from "../../src/runtimes/transformers.ts";
import { hubModelName as id, makeHubModel } from "./hub-model.ts";

const images = (side: number) => ({
  dims: [1, 3, side, side],
  data: Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i)),
});

describe("a ViT by transformers.js", () => {
  const { models } = makeHubModel();
  let library: Awaited<ReturnType<typeof AutoModel.from_pretrained>>;
  let model: FromTransformers;
  beforeAll(async () => {
    env.localModelPath = models;
    env.allowRemoteModels = false;
    library = await AutoModel.from_pretrained(id, { dtype: "fp32" });
    model = fromTransformers(library, await AutoProcessor.from_pretrained(id));
  });
  afterAll(async () => {
    await library.dispose();
    rmSync(models, { recursive: true });
  });

  test("traits and preprocessing are read as our own loader reads them", () => {
    expect(model.traits).toEqual({
      imageSize: [224, 224],
      dynamicSize: false,
      patchSize: 16,
      prefixTokens: 1,
      layout: "bnc",
      channels: 192,
    });
    expect(model.preprocessing?.std).toEqual([0.229, 0.224, 0.225]);
    expect(model.outputs).toEqual(["last_hidden_state", "logits"]);
  });

  test("it gives what the library gives, and the caller's images stay", async () => {
    const mine = images(224);
    const features = await model(mine);
    const { last_hidden_state } = await library({ pixel_values: new Tensor("float32", mine.data, mine.dims) });
    expect(features.dims).toEqual([1, 197, 192]);
    expect(features.data).toEqual(last_hidden_state.data);
    expect(mine.data.length).toBe(3 * 224 * 224);
  });

  test("an image processor or the library's Tensor does as well as a processor", async () => {
    const expected = await model(images(224));
    const others = [
      fromTransformers(library, await AutoImageProcessor.from_pretrained(id)),
      fromTransformers(library, undefined, { Tensor }),
    ];
    for (const other of others) expect((await other(images(224))).data).toEqual(expected.data);
  });

  test("without either the refusal says what to give", async () => {
    await expect(fromTransformers(library)(images(224))).rejects.toMatchObject({
      code: "transformers-tensor",
      message: expect.stringContaining("{ Tensor }"),
    });
  });

  test("S² runs on it: two scales, twice the channels", async () => {
    const features = await s2(model, images(224), { scales: [1, 2], maxSplitSize: 224, numPrefixToken: 1 });
    expect(features.dims).toEqual([1, 197, 384]);
  });

  test("another size is refused before the library prints all its values", async () => {
    await expect(model(images(32))).rejects.toMatchObject({ code: "input", message: expect.stringContaining("224x224 only") });
  });
});

describe("models that are not loaded here", () => {
  const session = (more: object) => ({ inputNames: ["pixel_values"], outputNames: ["last_hidden_state"], ...more });
  const fake = (config: object, sessions: object) => Object.assign(async () => ({}), { config, sessions });

  test("a runtime that tells no shapes: config.json must do", () => {
    const { traits } = fromTransformers(
      fake({ model_type: "dinov3_vit", image_size: 224, patch_size: 16, num_register_tokens: 4 }, { model: session({}) }),
    );
    expect(traits).toEqual({ imageSize: [224, 224], layout: "bnc", prefixTokens: 5, patchSize: 16 });
  });
  test("an unknown family is a question, and the answer is taken", () => {
    const unknown = fake({ model_type: "novel" }, { model: session({}) });
    expect(() => fromTransformers(unknown)).toThrow(/number of tokens that a novel puts.*Give prefixTokens/);
    expect(fromTransformers(unknown, undefined, { prefixTokens: 2 }).traits.prefixTokens).toBe(2);
  });
  test("a ConvNet's maps, of a fixed batch", () => {
    const inputMetadata = [{ name: "pixel_values", isTensor: true, type: "float32", shape: [2, 3, 64, 64] }];
    const outputMetadata = [{ name: "last_hidden_state", isTensor: true, type: "float32", shape: [2, 768, 2, 2] }];
    const { traits } = fromTransformers(
      fake({ model_type: "convnext", patch_size: 4 }, { model: session({ inputMetadata, outputMetadata }) }),
    );
    expect(traits).toEqual({
      imageSize: [64, 64],
      dynamicSize: false,
      maxBatch: 2,
      layout: "bchw",
      prefixTokens: 0,
      patchSize: 32,
      channels: 768,
    });
  });
  test("a model of text and images, or of several graphs, names the class to use", () => {
    expect(() => fromTransformers(fake({}, { model: session({ inputNames: ["input_ids", "pixel_values"] }) }))).toThrow(
      /CLIPVisionModelWithProjection/,
    );
    expect(() => fromTransformers(fake({}, { a: session({}), b: session({}) }))).toThrow(/2 graphs/);
  });
  test("a model without features says what it has", () => {
    expect(() => fromTransformers(fake({ model_type: "vit" }, { model: session({ outputNames: ["logits", "other"] }) }))).toThrow(
      /logits, other/,
    );
  });
});
