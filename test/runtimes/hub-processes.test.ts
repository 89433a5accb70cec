/** Several processes that download one model into one cache at the same time, also when one of them is killed. `S2_ROUNDS=20` for more rounds. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { downloadModel } from "../../src/runtimes/node/hub.ts";
import { COMMIT, FILES, NAME, startHub, type TinyHub } from "./tiny-hub.ts";

const ROUNDS = Number(process.env.S2_ROUNDS ?? 2);
const child = fileURLToPath(new URL("hub-child.mjs", import.meta.url));
const GRAPH = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 7));
const QUARTER = GRAPH.length / 4;

let hub: TinyHub;
let cacheDir: string;

beforeEach(async () => {
  hub = await startHub();
  hub.files = { ...FILES, "onnx/model.onnx": GRAPH };
  cacheDir = await mkdtemp(join(tmpdir(), "s2-hub-"));
});
afterEach(async () => {
  await hub.close();
  await rm(cacheDir, { recursive: true });
});

describe.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))("two processes that download one model, round %i", () => {
  it("both get it right when their downloads overlap", async () => {
    const sends = holdGraph();
    const children = [start(), start()];
    await until(() => sends.length === 2);
    for (let quarter = 0; quarter < 4; quarter++) {
      for (const send of sends) send(quarter);
      await wait(20);
    }
    expect(await Promise.all(children.map(ended))).toEqual([0, 0]);
    await expectWhole();
    expect(await parts()).toEqual([]);
  });

  it("one gets it right while the other is killed, and who comes later goes on from what was left", async () => {
    const sends = holdGraph();
    const [first, second] = [start(), start()];
    await until(() => sends.length === 2);
    for (const send of sends) send(0);
    await until(async () => (await parts()).length === 2);
    first.kill("SIGKILL");
    expect(await ended(first)).toBe("SIGKILL");
    for (const quarter of [1, 2, 3]) for (const send of sends) send(quarter);
    expect(await ended(second)).toBe(0);
    await expectWhole();
  });

  it("a process that was killed alone is continued by the next", async () => {
    const sends = holdGraph();
    const killed = start();
    await until(() => sends.length === 1);
    sends[0](0);
    await until(async () => (await parts()).length === 1 && (await sizeOfPart()) === QUARTER);
    killed.kill("SIGKILL");
    await ended(killed);
    hub.onFile = undefined;
    await downloadModel(NAME, { cacheDir, hubUrl: hub.url });
    expect(hub.requests.at(-1)?.range).toBe(`bytes=${QUARTER}-`);
    await expectWhole();
  });
});

/** Holds the graph back; each function sends one quarter of it to one process. */
function holdGraph(): ((quarter: number) => void)[] {
  const sends: ((quarter: number) => void)[] = [];
  hub.onFile = (path, request, response: ServerResponse) => {
    if (path !== "onnx/model.onnx" || request.headers.range) return false;
    response.writeHead(200, { "Content-Length": GRAPH.length }).flushHeaders();
    sends.push((quarter) => response.write(GRAPH.subarray(quarter * QUARTER, (quarter + 1) * QUARTER)));
    return true;
  };
  return sends;
}

const start = () => spawn(process.execPath, [child, hub.url, cacheDir], { stdio: ["ignore", "ignore", "inherit"] });

/** The exit status of a process, or the signal that ended it. */
async function ended(process: ChildProcess): Promise<number | string> {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
  return process.exitCode ?? process.signalCode!;
}

async function expectWhole(): Promise<void> {
  const folder = await downloadModel(NAME, { cacheDir, hubUrl: hub.url, offline: true });
  expect(folder).toBe(join(cacheDir, NAME, COMMIT));
  expect((await readFile(join(folder, "onnx/model.onnx"))).equals(GRAPH)).toBe(true);
}

async function parts(): Promise<string[]> {
  return (await readdir(cacheDir, { recursive: true })).filter((path) => path.endsWith(".part"));
}

async function sizeOfPart(): Promise<number> {
  return (await readFile(join(cacheDir, (await parts())[0]))).length;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(holds, { interval: 10 }).toBe(true);
}
