/** Photos found by words, with the real transformers.js: both sides of a tiny CLIP give vectors of one space. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AutoProcessor,
  AutoTokenizer,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
} from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareImage } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";
import { addPhotos, type IndexLabel, memoryVectors, openIndex, search } from "../../src/retrieval/index.ts";
import { imageEmbedder, textEmbedder } from "../../src/runtimes/transformers-embed.ts";
import { cosine } from "../heads/vectors.ts";
import { writeTinyClip } from "./tiny-clip.ts";

const folder = mkdtempSync(join(tmpdir(), "s2-clip-"));
const was = { path: env.localModelPath, remote: env.allowRemoteModels };
beforeAll(() => {
  writeTinyClip(join(folder, "clip"));
  env.localModelPath = folder;
  env.allowRemoteModels = false;
});
afterAll(() => {
  [env.localModelPath, env.allowRemoteModels] = [was.path, was.remote];
  rmSync(folder, { recursive: true, force: true });
});

const colours: Record<string, readonly number[]> = {
  "red.jpg": [250, 20, 10],
  "green.jpg": [30, 240, 20],
  "blue.jpg": [10, 30, 250],
};
const plain = (colour: readonly number[], width: number, height: number): Photo => ({
  ...{ width, height, channels: 3 },
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]),
});
const none = { vectors: new Float32Array(), boxes: new Float64Array() };

async function sides() {
  const vision = await CLIPVisionModelWithProjection.from_pretrained("clip", { dtype: "fp32" });
  const text = await CLIPTextModelWithProjection.from_pretrained("clip", { dtype: "fp32" });
  return {
    ...{ vision, text, tokenizer: await AutoTokenizer.from_pretrained("clip") },
    processor: await AutoProcessor.from_pretrained("clip"),
  };
}

describe("words", () => {
  it("find the photo that they describe, through a file of the index", async () => {
    const { vision, text, tokenizer, processor } = await sides();
    const embedImages = imageEmbedder(vision, processor);
    const embedTexts = textEmbedder(text, tokenizer);
    expect([embedImages.imageSize, embedImages.preprocessing?.std]).toEqual([
      [8, 8],
      [1, 1, 1],
    ]);
    const label: IndexLabel = { model: "clip", modelHash: "1", plan: "whole", pooling: "embedding" };
    const store = memoryVectors();
    const index = await openIndex(store, label);
    for (const [path, colour] of Object.entries(colours)) {
      const [vector] = await embedImages(prepareImage(plain(colour, 40, 30), embedImages.imageSize!, embedImages.preprocessing));
      await addPhotos(index, [{ path, mark: "", size: [30, 40], vector, regions: none }]);
    }
    const again = await openIndex(memoryVectors({ from: store.save() }), label);
    const vectors = await embedTexts(["a green photo", "a photo, red", "Blue"]);
    const best = await Promise.all(vectors.map(async (vector) => (await search(again, { text: vector }, { top: 1 }))[0]));
    expect(best.map(({ photo }) => photo)).toEqual(["green.jpg", "red.jpg", "blue.jpg"]);
    // A batch is padded; a text alone is as long as it is, and this mean over words only scales.
    expect(cosine((await embedTexts(["a photo, red"]))[0], vectors[1])).toBeCloseTo(1, 5);
    await Promise.all([vision.dispose(), text.dispose()]);
  });

  it("need a model with a text side, and photos one that shares it", async () => {
    const { vision, text, tokenizer, processor } = await sides();
    expect(() => textEmbedder(vision, tokenizer)).toThrow(
      expect.objectContaining({
        code: "text-side",
        message: expect.stringMatching(
          /takes pixel_values and gives image_embeds; expected the text side.*CLIPTextModelWithProjection/,
        ),
      }),
    );
    expect(() => imageEmbedder(text, processor)).toThrow(/expected the image side.*CLIPVisionModelWithProjection/);
    await Promise.all([vision.dispose(), text.dispose()]);
    const session = (inputNames: string[], outputNames: string[]) => ({ model: { inputNames, outputNames } });
    const fake = (config: object, sessions: object) => Object.assign(async () => ({}), { config, sessions });
    // A ViT's pooled token is no space that words share; SigLIP's is. CLIP in one graph takes both at once.
    expect(() => imageEmbedder(fake({ model_type: "vit" }, session(["pixel_values"], ["pooler_output"])), processor)).toThrow(
      "expected the image side",
    );
    expect(() =>
      textEmbedder(fake({ model_type: "siglip" }, session(["input_ids"], ["pooler_output"])), tokenizer),
    ).not.toThrow();
    expect(() =>
      textEmbedder(fake({ model_type: "clip" }, session(["input_ids", "pixel_values"], ["text_embeds"])), tokenizer),
    ).toThrow("takes input_ids, pixel_values and gives text_embeds");
  });
});
