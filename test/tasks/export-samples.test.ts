/** The programs of an exported head's page: who copies one gets, without this package, what the library predicts. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel, openOnnx } from "../../dist/node.js";
import { extractImage, type ImageTokens, imageTokens } from "../../src/features/index.ts";
import { imagenet } from "../../src/images/index.ts";
import { writeOnnx } from "../../src/onnx/index.ts";
import { describePrediction, type ExportedHead, exportHeadProto, exportReadme, openPredictor } from "../../src/tasks/index.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";
import { headsFor, photo } from "./random-heads.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const python = process.env.S2_PYTHON ?? "python3";
const able = spawnSync(python, ["-c", "import numpy, onnxruntime, PIL"]).status === 0;
const lacking = able ? "" : ` (skipped: ${python} has no numpy, onnxruntime and Pillow; S2_PYTHON names another one)`;

/** The numbers of a program's line, and the words between them. */
const numbersOf = (text: string) => [...text.matchAll(/\d+\.\d+/g)].map(([number]) => Number(number));
const wordsOf = (text: string) => text.trim().replace(/\d+\.\d+/g, "0");

describe("the programs beside an exported head", () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-samples-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const image = photo(96, 64);
  const heads = new Map<string, ExportedHead>();
  let tokens: ImageTokens;

  beforeAll(async () => {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    writeFileSync(join(folder, "photo.png"), encode({ width: 96, height: 64, channels: 3, depth: 8, data: image.data }));
    const path = join(root, "test/runtimes/models/plain.onnx");
    const model = await loadModel(path, { patchSize: 8, prefixTokens: 1, preprocessing: imagenet, threads: 1 });
    tokens = imageTokens(await extractImage(model, image, {}));
    const { traits } = model;
    await model.dispose();
    for (const head of headsFor(tokens, {})) {
      if (heads.has(head.task)) continue;
      heads.set(head.task, head);
      const { file } = exportHeadProto(openOnnx(path), head, { traits, preprocessing: imagenet, imageSize: [64, 96] });
      writeFileSync(join(folder, `${head.task}.onnx`), writeOnnx(file));
    }
  });

  function sampleOf(task: string, language: string): string {
    const facts = { file: `${task}.onnx`, size: [64, 96] as const, model: "plain", data: "drawn", version: "1" };
    const [, sample] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(exportReadme(heads.get(task)!, facts))!;
    expect(sample.split("\n").length).toBeLessThanOrEqual(22);
    return sample;
  }

  /** The line that the programs print, from the library's own prediction. */
  async function expected(task: string): Promise<string> {
    const head = heads.get(task)!;
    const predictor = await openPredictor(head, openGraph);
    const { fields } = describePrediction(await predictor.predict(tokens), head);
    await predictor.close();
    const list = (values: unknown, unit = "") =>
      Object.entries(values as Record<string, number>)
        .filter(([, value]) => value > 0 || !unit)
        .map(([name, value]) => `${name} ${(unit ? 100 * value : value).toFixed(1)}${unit}`)
        .join(", ");
    if (task === "segmentation") return list(fields.fractions, " %");
    if (task === "counting") return list(fields.counts);
    if (task === "depth") return `${(fields.near as number).toFixed(2)} to ${(fields.far as number).toFixed(2)} m`;
    const best = fields.class as string;
    return `${best} ${(fields.probabilities as Record<string, number>)[best].toFixed(3)}`;
  }

  function compare(printed: string, wanted: string): void {
    expect(wordsOf(printed)).toBe(wordsOf(wanted));
    for (const [i, value] of numbersOf(printed).entries())
      expect(Math.abs(value - numbersOf(wanted)[i])).toBeLessThanOrEqual(0.1001);
  }

  const tasks = ["classification", "segmentation", "depth", "counting"];

  it.each(tasks)("Node: %s", async (task) => {
    writeFileSync(join(folder, `${task}.mjs`), sampleOf(task, "js"));
    compare(
      execFileSync(process.execPath, [`${task}.mjs`, "photo.png"], { cwd: folder, encoding: "utf8" }),
      await expected(task),
    );
  });

  it.skipIf(!able).each(tasks)(`Python: %s${lacking}`, async (task) => {
    writeFileSync(join(folder, `${task}.py`), sampleOf(task, "python"));
    compare(execFileSync(python, [`${task}.py`, "photo.png"], { cwd: folder, encoding: "utf8" }), await expected(task));
  });
});
