/** Runs the built `s2` as a user would, on images that are drawn for the test and a model of a few kB. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll } from "vitest";

export const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const plain = fileURLToPath(new URL("./tiny/plain.onnx", import.meta.url));

/** 32 px tiles, 8 px patches, 4 channels, one prefix token; no config file says so. How images are prepared stands beside it. */
export const tiny = ["--model", plain, "--patch-size", "8"];

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** `onOut` sees what is printed while the command runs, and may end it. */
export function s2(
  args: readonly string[],
  {
    cwd,
    env,
    onOut,
    timeout = 240_000,
  }: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    onOut?: (out: string, interrupt: () => void) => void;
    timeout?: number;
  } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, ...env }, timeout });
    let [out, err] = ["", ""];
    child.stderr.on("data", (text) => (err += text));
    child.stdout.on("data", (text) => {
      out += text;
      onOut?.(out, () => child.kill("SIGINT"));
    });
    child.on("close", (status) => resolve({ status, out, err }));
  });
}

/** A folder that is gone after the file's tests. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "s2-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An image in which all tokens differ; `seed` makes another one. */
export async function drawImage(path: string, width = 96, height = 64, seed = 1): Promise<string> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(path);
  return path;
}
