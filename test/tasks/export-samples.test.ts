/** The programs of an exported head's page: who copies one gets, without this package, what the library predicts. Its page runs in test/runtimes/web. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type ExportedSample, expectLine, exportSamples, png, tasks } from "./exported-samples.ts";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const python = process.env.S2_PYTHON ?? "python3";
const able = spawnSync(python, ["-c", "import numpy, onnxruntime, PIL"]).status === 0;
const lacking = able ? "" : ` (skipped: ${python} has no numpy, onnxruntime and Pillow; S2_PYTHON names another one)`;

describe("the programs beside an exported head", () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-samples-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let samples: ReadonlyMap<string, ExportedSample>;

  beforeAll(async () => {
    samples = await exportSamples();
    symlinkSync(modules, join(folder, "node_modules"), "junction");
    writeFileSync(join(folder, "photo.png"), png());
    for (const [task, { file }] of samples) writeFileSync(join(folder, `${task}.onnx`), file);
  });

  function run(task: string, language: "js" | "python", program: string): void {
    const { program: textIn, line } = samples.get(task)!;
    const name = `${task}.${language === "js" ? "mjs" : "py"}`;
    writeFileSync(join(folder, name), textIn(language));
    expectLine(execFileSync(program, [name, "photo.png"], { cwd: folder, encoding: "utf8" }), line);
  }

  it.each(tasks)("Node: %s", (task) => run(task, "js", process.execPath));
  it.skipIf(!able).each(tasks)(`Python: %s${lacking}`, (task) => run(task, "python", python));
});
