/** `s2 ask` as a user meets it: what it knows it answers, what it does not know it says, and no other model's tokens are read as its own. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { answersOf, examples, questionKinds, readVqaHead } from "../../src/language/index.ts";
import { s2, tempFolder } from "./s2.ts";

const folder = tempFolder();
const models = fileURLToPath(new URL("../../models/", import.meta.url));
const ask = (...args: string[]) => s2(["ask", ...args], { cwd: folder });

/** Gray, with a red square, a blue one and four rings. */
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="672" height="672"><rect width="672" height="672" fill="#9a9a90"/>
<rect x="80" y="300" width="96" height="96" fill="#d81e1e"/><rect x="500" y="320" width="96" height="96" fill="#1f4fd8"/>
${[100, 240, 380, 520].map((x) => `<circle cx="${x}" cy="130" r="24" fill="none" stroke="#19d3d3" stroke-width="15"/>`).join("")}</svg>`;

beforeAll(async () => {
  await sharp(Buffer.from(drawing)).png().toFile(join(folder, "scene.png"));
  writeFileSync(join(folder, "broken.jpg"), "no image");
});

describe("s2 ask", () => {
  it("without a question lists the kinds that it knows, with how often it is right", async () => {
    const { status, out } = await ask("scene.png");
    expect(status).toBe(0);
    for (const kind of questionKinds) expect(out).toContain(examples[kind]);
    expect(out.match(/\d+ % right/g)?.length).toBe(questionKinds.length);
  });

  it("answers with a word of the question's kind, and says how sure it is", async () => {
    const { status, out } = await ask("scene.png", "How many rings are there", "--json");
    expect(status).toBe(0);
    const { answer, probability, right } = JSON.parse(out);
    expect(answersOf.count).toContain(answer);
    expect(probability).toBeGreaterThan(0.2);
    expect(right).toBeGreaterThan(0.2);
    expect((await ask("scene.png", examples.colour)).out).toMatch(/^\w+\n.* sure; .* % right, .* by chance\.\n$/);
  });

  it.each([
    ["a question of another kind", ["scene.png", "where is the dog?"], 2, /how many rings are there\?/],
    ["an image that is none", ["broken.jpg", examples.count], 4, /broken\.jpg/],
    ["an image that is not there", ["nowhere.jpg", examples.count], 4, /nowhere\.jpg/],
    [
      "an answerer that is none",
      ["scene.png", examples.count, "--answerer", join(models, "s2-tiny/model.safetensors")],
      3,
      /no answerer/,
    ],
    ["another model than it was trained on", ["scene.png", examples.count, "--model", join(models, "s2-tiny-ms")], 3, /s2-tiny/],
  ])("refuses %s", async (_, args, expected, said) => {
    const { status, err } = await ask(...args);
    expect(status).toBe(expected);
    expect(err).toMatch(said);
  });

  it("the answerer that comes along was trained on the s2-tiny that comes along", () => {
    const answerer = readVqaHead(new Uint8Array(readFileSync(join(models, "answerer/answerer.safetensors"))));
    const weights = readFileSync(join(models, "s2-tiny/model.safetensors"));
    expect(answerer.sha256).toBe(createHash("sha256").update(weights).digest("hex"));
  });
});
