/** Features are never taken for those of another model, preprocessing, photo or version. */
import { describe, expect, it } from "vitest";
import { imagenet, type Photo } from "../../src/images/index.ts";
import { changedParts, collectFeatures, modelFingerprint, optionsFingerprint, type Store } from "../../src/store/index.ts";

const traits = { imageSize: [32, 32], patchSize: 16, prefixTokens: 0, layout: "bnc" } as const;

describe("a model's fingerprint", () => {
  it("changes with files, output, traits and each part of the preprocessing, and not with their order", async () => {
    const base = { files: "f", traits, preprocessing: imagenet };
    const others = [
      { ...base, files: "g" },
      { ...base, output: "pooler_output" },
      { ...base, traits: { ...traits, prefixTokens: 1 } },
      { ...base, traits: { ...traits, imageSize: [48, 48] as const } },
      { ...base, preprocessing: { ...imagenet, mean: [0.5, 0.5, 0.5] as const } },
      { ...base, preprocessing: { ...imagenet, std: [0.5, 0.5, 0.5] as const } },
      { ...base, preprocessing: { ...imagenet, filter: "lanczos" as const } },
    ];
    const all = await Promise.all([base, ...others].map((parts) => modelFingerprint(parts)));
    expect(new Set(all).size).toBe(all.length);
    const turned = Object.fromEntries(Object.entries(imagenet).reverse()) as unknown as typeof imagenet;
    expect(await modelFingerprint({ ...base, preprocessing: turned })).toBe(all[0]);
    expect(await modelFingerprint({ files: "f", traits })).toBe(all[0]); // what is assumed counts as if it were said
  });

  it("of the options leaves out what changes time alone", () => {
    expect(optionsFingerprint({ scales: [1], splitForward: 4 })).toBe(optionsFingerprint({ scales: [1] }));
    expect(optionsFingerprint({ scales: [1], fit: "crop" })).not.toBe(optionsFingerprint({ scales: [1] }));
    expect(changedParts({}, { model: "m", options: "o", photo: "p", version: "1" })).toEqual([
      "model",
      "options",
      "photo",
      "version",
    ]);
  });
});

it("a photo is hashed from the very bytes that are decoded, once, and not decoded when the store has its features", async () => {
  const files = new Map<string, Uint8Array>();
  const store: Store = { read: async (name) => files.get(name), write: async (name, bytes) => void files.set(name, bytes) };
  let [reads, decoded] = [0, 0];
  const model = Object.assign(
    ({ dims: [batch], data }: { dims: readonly number[]; data: Float32Array }) => ({
      dims: [batch, 4, 1],
      data: data.slice(0, 4 * batch),
    }),
    { traits },
  );
  const run = async (replaced: number) => {
    const collection = {
      ...{ model, modelName: "toy", modelHash: "1", version: "1", look: { scales: [1], fit: "squash" as const }, store },
      // The file is replaced right after it was read.
      read: async () => Uint8Array.of(reads++ < replaced ? 1 : 2),
      decode: async ([level]: Uint8Array): Promise<Photo> => {
        decoded++;
        return { width: 32, height: 32, channels: 3, data: new Uint8Array(3072).fill(100 * level) };
      },
    };
    for await (const each of collectFeatures(["a"], collection)) if ("tokens" in each) return each.tokens.data[0];
    throw new Error("no features");
  };
  const first = await run(1);
  expect([reads, decoded]).toEqual([1, 1]);
  const second = await run(1);
  expect(second).not.toBe(first);
  expect([reads, decoded]).toEqual([2, 2]);
  expect(await run(0)).toBe(second);
  expect([reads, decoded]).toEqual([3, 2]);
});
