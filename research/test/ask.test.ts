/** `npm run ask` as a user meets it: it answers what it knows, says what it does not know, and takes no other model's tokens. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { answersOf, exampleQuestions, questionTypes } from "../src/vqa/questions.ts";
import { readVqaHead } from "../src/vqa/vqa-head-file.ts";
import { runFile, tempFolder } from "./commands.ts";

const folder = tempFolder();
const models = fileURLToPath(new URL("../../models/", import.meta.url));
const head = fileURLToPath(new URL("../models/vqa-head/vqa-head.safetensors", import.meta.url));
const ask = (...args: string[]) => runFile("research/src/ask.ts", args, folder);

/** Gray, with a red square, a blue one and four rings. */
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="672" height="672"><rect width="672" height="672" fill="#9a9a90"/>
<rect x="80" y="300" width="96" height="96" fill="#d81e1e"/><rect x="500" y="320" width="96" height="96" fill="#1f4fd8"/>
${[100, 240, 380, 520].map((x) => `<circle cx="${x}" cy="130" r="24" fill="none" stroke="#19d3d3" stroke-width="15"/>`).join("")}</svg>`;

beforeAll(async () => {
  await sharp(Buffer.from(drawing)).png().toFile(join(folder, "scene.png"));
  writeFileSync(join(folder, "broken.jpg"), "no image");
});

describe("npm run ask", () => {
  it("without a question lists the types of questions, with the accuracy of each", async () => {
    const { status, out } = await ask("scene.png");
    expect(status).toBe(0);
    for (const type of questionTypes) expect(out).toContain(exampleQuestions[type]);
    expect(out.match(/\d+ % right/g)?.length).toBe(questionTypes.length);
  });

  it("answers with a word of the question's type, and its probability", async () => {
    const { status, out } = await ask("scene.png", "How many rings are there", "--json");
    expect(status).toBe(0);
    const { answer, probability, accuracy } = JSON.parse(out);
    expect(answersOf.count).toContain(answer);
    expect(probability).toBeGreaterThan(0.2);
    expect(accuracy).toBeGreaterThan(0.2);
    expect((await ask("scene.png", exampleQuestions.color)).out).toMatch(
      /^\w+\n {2}probability \d+ %; .* % right, .* by chance\.\n$/,
    );
  });

  it.each([
    ["a question of another type", ["scene.png", "where is the dog?"], /how many rings are there\?/],
    ["a broken image", ["broken.jpg", exampleQuestions.count], /broken\.jpg/],
    ["an image that is not there", ["nowhere.jpg", exampleQuestions.count], /nowhere\.jpg/],
    [
      "a head that is none",
      ["scene.png", exampleQuestions.count, "--head", join(models, "s2-tiny/model.safetensors")],
      /no VQA head/,
    ],
    [
      "another model than it was trained on",
      ["scene.png", exampleQuestions.count, "--model", join(models, "s2-tiny-ms")],
      /s2-tiny/,
    ],
  ])("refuses %s", async (_, args, sentence) => {
    const { status, err } = await ask(...args);
    expect([status, err.split("\n").length]).toEqual([2, err.includes("like one of these") ? 9 : 2]);
    expect(err).toMatch(sentence);
  });

  it("the committed head was trained on the committed s2-tiny", () => {
    const { sha256 } = readVqaHead(new Uint8Array(readFileSync(head)));
    const weights = readFileSync(join(models, "s2-tiny/model.safetensors"));
    expect(sha256).toBe(createHash("sha256").update(weights).digest("hex"));
  });
});
