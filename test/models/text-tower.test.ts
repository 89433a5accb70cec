/** Text towers give what transformers gives, whose outputs are in test/fixtures/text (research/python/make-text-goldens.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildTextTower, readTextRules } from "../../src/models/index.ts";

const fixtures = fileURLToPath(new URL("../fixtures/text", import.meta.url));
const json = (name: string, file: string) => JSON.parse(readFileSync(join(fixtures, name, file), "utf8"));
const weights = (name: string) => readFileSync(join(fixtures, name, "model.safetensors"));

async function embeds(config: object, name: string): Promise<number[][]> {
  const { input_ids: ids } = json(name, "golden.json") as { input_ids: number[][] };
  const session = await InferenceSession.create(buildTextTower(config, weights(name)), { intraOpNumThreads: 1 });
  const feed = new Tensor("int64", BigInt64Array.from(ids.flat(), BigInt), [ids.length, ids[0].length]);
  const { text_embeds: found } = await session.run({ input_ids: feed });
  await session.release();
  const [count, channels] = found.dims;
  return Array.from({ length: count }, (_, i) => [...(found.data as Float32Array).subarray(i * channels, (i + 1) * channels)]);
}

function largestError(found: number[][], expected: number[][]): number {
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  return Math.max(...found.flatMap((row, i) => row.map((value, c) => Math.abs(value - expected[i][c]))));
}

describe.each(["clip", "siglip"])("%s", (name) => {
  it("embeds texts as transformers does", async () => {
    expect(largestError(await embeds(json(name, "config.json"), name), json(name, "golden.json").text_embeds)).toBeLessThan(1e-5);
  });
});

it("takes the highest id for the end where an old CLIP's config says 2", async () => {
  const config = json("clip", "config.json");
  const old = { ...config, text_config: { ...config.text_config, eos_token_id: 2 } };
  expect(largestError(await embeds(old, "clip"), json("clip", "golden.json").text_embeds)).toBeLessThan(1e-5);
});

it("says how texts are padded, and fills in what a config leaves out", () => {
  expect(readTextRules(json("clip", "config.json"))).toEqual({ length: 16, end: 54 });
  expect(readTextRules({ model_type: "clip", text_config: {} })).toEqual({ length: 77, end: 49407 });
  expect(readTextRules({ model_type: "siglip", text_config: {} })).toEqual({ length: 64 });
});

it("refuses models without a text tower, and weights without one", () => {
  expect(() => readTextRules({ model_type: "dinov2" })).toThrow(/model_type "dinov2"\) has no text tower/);
  expect(() => readTextRules({ model_type: "clip" })).toThrow("has no text tower");
  expect(() => buildTextTower(json("clip", "config.json"), weights("siglip"))).toThrow("do not fit the config");
});
