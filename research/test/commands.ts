/** Runs this folder's commands as `npm run` does, in a folder of the test. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const run = fileURLToPath(new URL("../run.mjs", import.meta.url));
const bundles = new Map<string, string>();

/** Runs a file as its bundle, which the first run makes. */
export function runFile(file: string, args: readonly string[], cwd: string) {
  return new Promise<{ status: number | null; out: string; err: string }>((resolve) => {
    const bundle = bundles.get(file);
    bundles.set(file, fileURLToPath(new URL(`../dist/${basename(file, ".ts")}.mjs`, import.meta.url)));
    const child = spawn(process.execPath, [...(bundle ? [bundle] : [run, file]), ...args], { cwd });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err += text));
    child.on("close", (status) => resolve({ status, out, err }));
  });
}

/** Makes a folder that is removed after the file's tests. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "s2-research-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
