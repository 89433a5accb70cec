/** Runs the built `s2` as a user would, on images that are drawn for the test and a model of a few kB. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, expect } from "vitest";

export const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const runner = fileURLToPath(new URL("./run-commands.mjs", import.meta.url));
const plain = fileURLToPath(new URL("./tiny/plain.onnx", import.meta.url));

/** 32 px tiles, 8 px patches, 4 channels, one prefix token; no config file says so. How images are prepared stands beside it. */
export const tiny = ["--model", plain, "--patch-size", "8"];

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in a process of its own. `onOut` sees what is printed while the command runs, and may end it. */
export function s2Process(
  args: readonly string[],
  { cwd, env, onOut }: { cwd?: string; env?: NodeJS.ProcessEnv; onOut?: (out: string, interrupt: () => void) => void } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, ...env }, timeout: 240_000 });
    let [out, err] = ["", ""];
    child.stderr.on("data", (text) => (err += text));
    child.stdout.on("data", (text) => {
      out += text;
      onOut?.(out, () => child.kill("SIGINT"));
    });
    child.on("close", (status) => resolve({ status, out, err }));
  });
}

/** Runs a command in a process that the commands of a test file share, for starting one takes longer than most of them. */
export const s2 = sharedProcess();

/** Returns a function that runs commands one after the other in a process, which ends after the file's tests. */
function sharedProcess() {
  let current: { child: ChildProcess; closed: Promise<unknown[]> } | undefined;
  const start = () => {
    const child = fork(runner, { execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"] });
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8");
    return { child, closed: once(child, "close") };
  };
  const hasEnded = () => !current || current.child.exitCode !== null || current.child.signalCode !== null;
  const run = async (args: readonly string[], cwd?: string): Promise<Ended> => {
    if (hasEnded()) current = start(); // an error that nobody caught ends the process, as it ends a command
    const { child, closed } = current!;
    child.send({ args, cwd });
    const [[status], out, err] = await Promise.all([
      Promise.race([once(child, "message"), closed]) as Promise<[number | null]>,
      printed(child.stdout!),
      printed(child.stderr!),
    ]);
    return { status, out, err };
  };
  afterAll(async () => {
    if (hasEnded()) return;
    const { child, closed } = current!;
    child.send("end");
    expect([await printed(child.stderr!), (await closed)[0]]).toEqual(["", 0]); // it ends by itself, as nothing is left open
  });
  let last: Promise<unknown> = Promise.resolve();
  return (args: readonly string[], { cwd }: { cwd?: string } = {}): Promise<Ended> => {
    const ended = last.then(() => run(args, cwd));
    last = ended.catch(() => {});
    return ended;
  };
}

/** Reads what a command prints: to a NUL, which no command prints, or to the end of the process. */
async function printed(stream: Readable): Promise<string> {
  let text = "";
  for await (const more of stream.iterator({ destroyOnReturn: false })) {
    text += more;
    if (text.endsWith("\0")) return text.slice(0, -1);
  }
  return text;
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
