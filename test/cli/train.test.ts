/** `s2 train`: images and a teacher must give a model that loads, the same one from the same seed, and a broken run must go on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "s2-vision/node";
import { expect, it } from "vitest";
import { drawImage, s2, tempFolder, tiny } from "./s2.ts";

const [, plain] = tiny;
const small = ["--prefix-tokens", "1", "--dim", "12", "--depth", "1", "--heads", "2", "--views", "8", "--threads", "1"];

async function images(): Promise<string> {
  const folder = tempFolder();
  for (let i = 0; i < 4; i++) await drawImage(join(folder, `${i}.png`), 60 + 10 * i, 50);
  return folder;
}

it("writes a folder that loadModel takes; the same seed gives the same bytes; a finished run is not done again", async () => {
  const given = await images();
  const [one, two] = [join(given, "one"), join(given, "two")];
  for (const out of [one, two]) {
    const { status, err } = await s2(["train", given, "--teacher", plain, "-o", out, "--steps", "3", ...small]);
    expect(status, err).toBe(0);
    expect(err).toContain("step 3 of 3");
  }
  const bytes = (out: string) => readFileSync(join(out, "model.safetensors"));
  expect(bytes(one).equals(bytes(two))).toBe(true);
  const model = await loadModel(one, { threads: 1 });
  expect(model.traits).toMatchObject({ imageSize: [32, 32], patchSize: 8, prefixTokens: 1 });
  await model.dispose();
  const again = await s2(["train", given, "--teacher", plain, "-o", one, "--steps", "3", ...small]);
  expect(again.status).toBe(0);
  expect(again.err).not.toContain("step 3");
  const other = await s2(["train", given, "--teacher", plain, "-o", one, "--steps", "4", ...small]);
  expect(other.status).not.toBe(0);
  expect(other.err).toContain("another recipe");
});

it("with --s2 trains another model; wrong sizes and teachers are refused in words", async () => {
  const given = await images();
  const out = join(given, "out");
  const { status, err } = await s2(["train", given, "--teacher", plain, "-o", out, "--s2", "--steps", "2", ...small]);
  expect(status, err).toBe(0);
  const wrong = await s2(["train", given, "--teacher", plain, "-o", out, "--dim", "10", "--prefix-tokens", "1"]);
  expect(wrong).toMatchObject({ status: 2, err: expect.stringContaining("dim is 10 with 3 heads") });
  const noTokens = await s2(["train", given, "--teacher", plain, "-o", out, "--prefix-tokens", "0", "--patch-size", "8"]);
  expect(noTokens.status).not.toBe(0);
  expect(noTokens.err).toContain("[CLS]");
});
