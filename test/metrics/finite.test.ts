/** NaN in metrics and in collected features: a figure must not be made of it, and one image's NaN is that image's failure. */

import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { argmax } from "../../src/core/index.ts";
import { addImage, averagePrecision, brier, calibrationSums, isInTop, newSums } from "../../src/metrics/index.ts";
import { type ExtractImagesOptions, extractImages } from "../../src/store/index.ts";

describe.each([Number.NaN, Number.POSITIVE_INFINITY])("a score of %s", (bad) => {
  const scores = [0.2, bad, 0.1];

  it.each([
    ["top-k", () => isInTop(1, scores, 1)],
    ["Brier score", () => brier(scores, 0)],
    ["calibration", () => calibrationSums(scores, 0)],
    ["average precision", () => averagePrecision(scores, [1, 0, 1])],
    ["a tally", () => addImage(newSums(3), "photo.jpg", scores)],
  ])("is refused by %s", (_, measure) => {
    expect(measure).toThrow(expect.objectContaining({ code: "not-finite" }));
  });
});

it("the class of NaN scores is not the first one", () => {
  expect(() => argmax([0.1, Number.NaN])).toThrow("NaN");
});

const white = { width: 8, height: 8, channels: 3 as const, data: new Uint8Array(192).fill(255) };

it("of many images, one whose features are NaN fails alone, also where the store has such features", async () => {
  const files = new Map<string, Uint8Array>();
  const store = {
    read: async (name: string) => files.get(name),
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
  };
  let damaged = true;
  // Black images are negative after normalizing.
  const model = Object.assign(
    (images: Tensor): Tensor => {
      const spoiled = damaged && images.data[0] < 0;
      return { dims: [images.dims[0], 4, 1], data: new Float32Array(images.dims[0] * 4).fill(spoiled ? Number.NaN : 1) };
    },
    { traits: { imageSize: [8, 8] as const, patchSize: 4, prefixTokens: 0, layout: "bnc" as const } },
  );
  const collection: ExtractImagesOptions = {
    ...{ model, modelName: "toy", modelHash: "1", version: "1", extraction: { scales: [1], fit: "squash" }, store },
    read: async (path) => new TextEncoder().encode(path),
    decode: async (_, path) => (path === "black" ? { ...white, data: new Uint8Array(192) } : white) as never,
  };
  const outcomes = async () => {
    const found: string[] = [];
    for await (const each of extractImages(["white", "black", "other"], collection))
      found.push("issue" in each ? `${each.image}: ${each.issue.slice(0, 22)}` : `${each.image}: ${each.tokens.data[0]}`);
    return found;
  };
  expect(await outcomes()).toEqual(["white: 1", "black: The model returned NaN", "other: 1"]);
  expect(files.size).toBe(2);
  // A file that holds NaN, as earlier versions wrote it.
  damaged = false;
  await outcomes();
  const [name, bytes] = [...files].find(([each]) => each.endsWith("black.safetensors"))!;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, 0x7fc00000, true);
  files.set(name, bytes);
  damaged = true;
  expect((await outcomes())[1]).toBe("black: The model returned NaN");
});
