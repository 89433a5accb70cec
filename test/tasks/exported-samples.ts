/** A head for each task as an exported file, its programs, and the line that they must print for an image. */
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { expect } from "vitest";
import { loadModel, openOnnx } from "../../dist/node.js";
import { extractImage, imageTokens } from "../../src/features/index.ts";
import { imagenet } from "../../src/images/index.ts";
import { writeOnnx } from "../../src/onnx/index.ts";
import { describePrediction, type ExportedHead, exportHeadProto, exportReadme, openPredictor } from "../../src/tasks/index.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";
import { headsFor, photo } from "./random-heads.ts";

const [width, height] = [96, 64];
const model = fileURLToPath(new URL("../runtimes/models/plain.onnx", import.meta.url));

export const tasks = ["classification", "segmentation", "depth", "counting"];

export interface ExportedSample {
  readonly file: Uint8Array;
  /** The program in this language of Markdown. */
  readonly program: (language: "js" | "html" | "python") => string;
  /** The line that the programs print, from the library's own prediction. */
  readonly line: string;
}

/** An image of the files' size. */
export const png = () => encode({ width, height, channels: 3, depth: 8, data: photo(width, height).data });

/** Exports the first head of each task as TASK.onnx. */
export async function exportSamples(): Promise<ReadonlyMap<string, ExportedSample>> {
  const { dispose, ...loaded } = await loadModel(model, {
    patchSize: 8,
    prefixTokens: 1,
    preprocessing: imagenet,
    threads: 1,
  }).then(async (found) => ({
    tokens: imageTokens(await extractImage(found, photo(width, height), {})),
    traits: found.traits,
    dispose: found.dispose,
  }));
  await dispose();
  const samples = new Map<string, ExportedSample>();
  for (const head of headsFor(loaded.tokens, {})) {
    const { task } = head;
    if (samples.has(task)) continue;
    const { file } = exportHeadProto(openOnnx(model), head, {
      traits: loaded.traits,
      preprocessing: imagenet,
      imageSize: [height, width],
    });
    const page = exportReadme(head, { file: `${task}.onnx`, size: [height, width], model: "plain", data: "drawn", version: "1" });
    const program = (language: string) => {
      const [, text] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(page)!;
      expect(text.split("\n").length).toBeLessThanOrEqual(22);
      return text;
    };
    const predictor = await openPredictor(head, openGraph);
    const line = lineOf(head, describePrediction(await predictor.predict(loaded.tokens), head).fields);
    await predictor.close();
    samples.set(task, { file: writeOnnx(file), program, line });
  }
  return samples;
}

function lineOf({ task }: ExportedHead, fields: Readonly<Record<string, unknown>>): string {
  const numbers = (name: string) => Object.entries(fields[name] as Record<string, number>);
  if (task === "counting")
    return numbers("counts")
      .map(([name, count]) => `${name} ${count.toFixed(1)}`)
      .join(", ");
  if (task === "depth") return `${(fields.near as number).toFixed(2)} to ${(fields.far as number).toFixed(2)} m`;
  if (task === "segmentation")
    return numbers("fractions")
      .filter(([, fraction]) => fraction > 0)
      .map(([name, fraction]) => `${name} ${(100 * fraction).toFixed(1)} %`)
      .join(", ");
  const best = fields.class as string;
  return `${best} ${new Map(numbers("probabilities")).get(best)!.toFixed(3)}`;
}

/** Compares two lines: the same words, and numbers that differ by at most one in the last digit. */
export function expectLine(printed: string, line: string): void {
  const number = /\d+\.\d+/g;
  expect(printed.trim().replace(number, "0")).toBe(line.replace(number, "0"));
  const [got, wanted] = [printed, line].map((text) => [...text.matchAll(number)].map(([found]) => Number(found)));
  for (const [i, value] of got.entries()) expect(Math.abs(value - wanted[i])).toBeLessThanOrEqual(0.1001);
}
