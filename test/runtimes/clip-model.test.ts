/** Photos are found by words: both towers of a CLIP in one space, and what is said where there are none. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { extractImage, imageTokens, imageVector, prepareImage } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";
import { buildModel } from "../../src/models/index.ts";
import { loadClip, openGraph } from "../../src/runtimes/node/index.ts";
import { COLOURS, image } from "../cli/drawn-sets.ts";
import { s2, s2Process } from "../cli/s2.ts";
import { writeTinyClip } from "./tiny-clip.ts";

const clip = fileURLToPath(new URL("../fixtures/text/clip", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-clip-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expectClose = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  for (const [c, value] of expected.entries()) expect(found[c]).toBeCloseTo(value, 5);
};
const unit = (values: readonly number[]) => values.map((value) => value / Math.hypot(...values));

describe("weights of transformers", () => {
  it("splits and embeds texts as transformers does, cut where they are too long", async () => {
    const { texts, text_embeds } = JSON.parse(readFileSync(join(clip, "golden.json"), "utf8"));
    const model = await loadClip(clip);
    for (const [i, text] of texts.entries()) {
      if (text === "") continue;
      expectClose(await model.embedText(text), unit(text_embeds[i]));
    }
    await expect(model.embedText(" ")).rejects.toThrow("The text is empty");
    await model.dispose();
  });

  it("gives an image its own embedding at 1x, and the mean of its tiles' at more scales", async () => {
    const model = await loadClip(clip);
    const photo: Photo = {
      ...{ width: 24, height: 24, channels: 3 },
      data: Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255),
    };
    const vector = async (scales: number[]) => {
      const options = { scales, fit: "squash", fusion: "reference", merge: "mean" } as const;
      return imageVector(imageTokens(await extractImage(model.images, photo, options)), "mean");
    };
    const config = JSON.parse(readFileSync(join(clip, "config.json"), "utf8"));
    const graph = await openGraph(
      buildModel(config, readFileSync(join(clip, "model.safetensors")), { outputs: ["image_embeds"] }),
    );
    const embed = async (image: Photo) => {
      const { dims, data } = prepareImage(image, [16, 16], model.images.preprocessing);
      return unit([...((await graph.run({ pixel_values: { dims: [...dims], data } })).image_embeds.data as Float32Array)]);
    };
    expectClose(await vector([1]), await embed(photo));
    // At three times the size, nine tiles, each an image of its own.
    const [one, three, both] = [await vector([1]), await vector([3]), await vector([1, 3])];
    expectClose(
      both,
      Array.from(one, (value, c) => (value + three[c]) / 2),
    );
    expect(Math.hypot(...three)).toBeLessThan(0.999); // a mean of different directions, not one of them
    await graph.close();
    await model.dispose();
  });
});

describe("s2 similar --text", () => {
  const words = ["red", "green", "blue"] as const;
  const run = (...args: string[]) => s2(["similar", "--in", "photos", ...args], { cwd: folder });

  it("finds photos by words with the graphs of transformers.js, and runs them once", async () => {
    writeTinyClip(join(folder, "clip"));
    mkdirSync(join(folder, "photos"));
    for (const [i, word] of words.entries())
      writeFileSync(
        join(folder, `photos/${word}.png`),
        image(i, () => COLOURS[word]),
      );
    for (const word of words) {
      const { status, out } = await run("--text", `a ${word} image`, "--model", "clip", "--top", "1");
      expect([status, out.replace(/^[\d.]+ +/, "")]).toEqual([0, `photos/${word}.png\n`]);
    }
    const { out } = await run("--text", "red", "--model", "clip", "--json", "--html", "red.html");
    const { text, hits, index, html } = JSON.parse(out);
    expect([text, hits.length, index.kept, html]).toEqual(["red", 3, 3, "red.html"]);
    expect(readFileSync(join(folder, "red.html"), "utf8")).toContain("<h1>3 similar images for “red”</h1>");
  });

  it("says what is missing", async () => {
    cpSync(clip, join(folder, "half"), { recursive: true });
    rmSync(join(folder, "half/tokenizer.json"));
    expect(await run("--text", "red", "--model", "half")).toMatchObject({
      ...{ status: 3, err: expect.stringContaining("has no tokenizer.json") },
    });
    const env = { NODE_OPTIONS: `--import ${new URL("../cli/without-tokenizers.mjs", import.meta.url)}` };
    const without = await s2Process(["similar", "--in", "photos", "--text", "red", "--model", "clip"], { cwd: folder, env });
    expect(without).toMatchObject({ status: 3, err: expect.stringContaining("run npm install @huggingface/tokenizers") });
    expect(await run("--text", "red")).toMatchObject({ status: 3, err: expect.stringContaining("has no text tower") });
    expect(await run("red.png", "--text", "red")).toMatchObject({
      status: 2,
      err: expect.stringContaining("Give one of IMAGE and --text"),
    });
  });
});
