/** What a loaded model does to the process around it: it must neither hold it open, nor outlive it, nor fail in silence. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startSession } from "../../dist/runtimes/node/session.js";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const plain = fileURLToPath(new URL("models/plain.onnx", import.meta.url));
const load = (folder: string) => `
  const { loadModel } = await import(${JSON.stringify(`${folder}/runtimes/node/index.js`)});
  const model = await loadModel(${JSON.stringify(plain)}, { patchSize: 8 });
  const images = { dims: [1, 3, 32, 32], data: new Float32Array(3072) };
`;

/** Runs a script in a Node of its own, and ends it with a signal as soon as it prints `until`. */
function script(code: string, { until, cwd }: { until?: string; cwd?: string } = {}) {
  return new Promise<{ status: number | null; signal: string | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { cwd, timeout: 240_000 });
    let [out, err] = ["", ""];
    child.stderr.on("data", (text) => (err += text));
    child.stdout.on("data", (text) => {
      out += text;
      if (until && out.includes(until)) child.kill("SIGINT");
    });
    child.on("close", (status, signal) => resolve({ status, signal, out, err }));
  });
}

test("a script that forgets dispose still ends", async () => {
  const ended = await script(`${load(dist)} console.log((await model(images)).dims.join());`);
  expect(ended).toEqual({ status: 0, signal: null, out: "1,17,4\n", err: "" });
});

test("a script that waits for a run only is not ended before it", async () => {
  const ended = await script(`${load(dist)} model(images).then(() => console.log("ran"));`);
  expect(ended).toEqual({ status: 0, signal: null, out: "ran\n", err: "" });
});

test("a script that ends itself during a run ends", async () => {
  const ended = await script(`${load(dist)} model(images); process.exit(3);`);
  expect(ended).toEqual({ status: 3, signal: null, out: "", err: "" });
});

test("Ctrl-C during runs ends the process at once and in silence", async () => {
  const ended = await script(`${load(dist)} console.log("on"); for (;;) await model(images);`, { until: "on" });
  expect(ended).toEqual({ status: null, signal: "SIGINT", out: "on\n", err: "" });
});

test("without onnxruntime-node the refusal says how to install it", async () => {
  const alone = mkdtempSync(join(tmpdir(), "s2-alone-"));
  cpSync(dist, join(alone, "dist"), { recursive: true });
  cpSync(join(dist, "../package.json"), join(alone, "package.json"));
  const ended = await script(`try { ${load(join(alone, "dist"))} } catch (error) { console.log(error.code, error.message); }`, {
    cwd: alone,
  });
  rmSync(alone, { recursive: true });
  expect(ended.out).toContain("runtime-missing onnxruntime-node is not installed");
  expect(ended.out).toContain("`ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`");
  expect(ended.status).toBe(0);
});

const thread = (onRun: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    const ready = { kind: "ready", device: "cpu", missing: [], inputs: [], outputs: [] };
    parentPort.on("message", ({ kind, id }) => { if (kind === "load") parentPort.postMessage({ ...ready, id }); else { ${onRun} } });
  `)}`,
  );

test.each([
  ["throws", 'throw new Error("out of luck");', "out of luck"],
  ["exits", "process.exit(7);", "exit status 7"],
])("a thread that %s rejects all who wait, and those who come later", async (_, onRun, words) => {
  const session = await startSession("model.onnx", "model.onnx", { worker: thread(onRun) });
  const images = { dims: [1, 1], data: new Float32Array(1) };
  const running = [session.run("x", images, ["y"]), session.run("x", images, ["y"])];
  for (const run of running)
    await expect(run).rejects.toMatchObject({ code: "runtime", message: expect.stringContaining(words) });
  await expect(session.run("x", images, ["y"])).rejects.toMatchObject({ code: "runtime" });
  await session.dispose();
});
