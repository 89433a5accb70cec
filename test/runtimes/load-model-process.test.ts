/** A loaded model and its process: it must neither hold it open, nor outlive it, nor fail in silence. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
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
function script(code: string, { until, cwd, flags = [] }: { until?: string; cwd?: string; flags?: string[] } = {}) {
  return new Promise<{ status: number | null; signal: string | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, [...flags, "--input-type=module", "--eval", code], { cwd, timeout: 240_000 });
    let [out, err] = ["", ""];
    child.stderr.on("data", (text) => (err += text));
    child.stdout.on("data", (text) => {
      out += text;
      if (until && out.includes(until)) child.kill("SIGINT");
    });
    child.on("close", (status, signal) => resolve({ status, signal, out, err }));
  });
}

const thread = (onRun: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    const ready = { kind: "ready", device: "cpu", missing: [], inputs: [], outputs: [] };
    parentPort.on("message", ({ kind, id, dims }) => { if (kind === "load") parentPort.postMessage({ ...ready, id }); else if (kind === "run") { ${onRun} } else parentPort.close(); });
  `)}`,
  );

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

test("a process with eleven models warns of no leak and ends during their runs", async () => {
  const more = `const others = await Promise.all(Array.from({ length: 10 }, () => loadModel(${JSON.stringify(plain)}, { patchSize: 8 })));`;
  const ended = await script(`${load(dist)} ${more} for (const each of [model, ...others]) each(images); process.exit(3);`);
  expect(ended).toEqual({ status: 3, signal: null, out: "", err: "" });
});

test("Ctrl-C during runs ends the process at once and in silence", async () => {
  const ended = await script(`${load(dist)} console.log("on"); for (;;) await model(images);`, { until: "on" });
  expect(ended).toEqual({ status: null, signal: "SIGINT", out: "on\n", err: "" });
});

test("disposing during runs waits for them, and the process ends with status 0", async () => {
  const code = `${load(dist)}
    const runs = [model(images), model(images), model(images)];
    await Promise.all([model.dispose(), model.dispose()]);
    console.log("disposed");
    console.log((await Promise.all(runs)).map(({ dims }) => dims.join()).join(" "));
    console.log(await model(images).catch((error) => error.code));`;
  const ended = await script(code);
  expect(ended).toEqual({ status: 0, signal: null, out: "disposed\n1,17,4 1,17,4 1,17,4\ndisposed\n", err: "" });
});

test("a script whose work fails during a run gives its own error, not status 13", async () => {
  const ended = await script(`${load(dist)}
    try { model(images); throw new Error("the disk is full"); } finally { await model.dispose(); }`);
  expect(ended).toMatchObject({ status: 1, signal: null, err: expect.stringContaining("the disk is full") });
});

// A thread that answers late, fails or dies: whatever the order, all promises settle, and refusals are sentences.
test("runs, disposals and deaths in 50 random orders all settle", async () => {
  const answering = thread(`
    setTimeout(() => {
      if (dims[0] === 13) process.exit(1);
      parentPort.postMessage({ kind: "done", outputs: {}, id });
    }, dims[0] % 4);`).href;
  const code = `
    const { startSession } = await import(${JSON.stringify(`${dist}/runtimes/node/session.js`)});
    const { makeRandom } = await import(${JSON.stringify(`${dist}/tensors/index.js`)});
    const random = makeRandom(24);
    const seen = { ran: 0, disposed: 0, runtime: 0 };
    for (let round = 0; round < 50; round++) {
      const session = await startSession("m", "m", { worker: new URL(${JSON.stringify(answering)}) });
      const work = [];
      for (let step = 0; step < 6; step++) {
        const dims = [random() < 0.05 ? 13 : Math.floor(4 * random())];
        const run = () => session.run("x", { dims, data: new Float32Array(1) }, ["y"]);
        if (random() < 0.3) work.push(session.dispose());
        else work.push(run().then(() => seen.ran++, ({ code }) => seen[code]++));
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 3 * random()));
      }
      await Promise.all(work);
      await session.dispose();
    }
    console.log(Object.entries(seen).map(([name, count]) => name + (count > 0 ? " some" : " none")).join());`;
  expect(await script(code)).toEqual({ status: 0, signal: null, out: "ran some,disposed some,runtime some\n", err: "" });
});

test("graphs that are closed during a run finish it, and refuse later ones", async () => {
  const code = `
    const { openGraph, openLoop } = await import(${JSON.stringify(`${dist}/runtimes/node/index.js`)});
    const { Add, finishGraph, input, newGraph, output, writeOnnx } = await import(${JSON.stringify(`${dist}/onnx/index.js`)});
    const graph = newGraph(17);
    const sum = Add(input(graph, "sum", "float32", [1]), input(graph, "x", "float32", [1]));
    output(sum, "next/sum");
    output(Add(sum, 0), "result");
    const file = writeOnnx(finishGraph(graph, "sum"));
    const feed = (value) => ({ dims: [1], data: Float32Array.of(value) });
    const plain = await openGraph(file);
    const looped = await openLoop(file, { sum: feed(0) });
    for (const [opened, feeds] of [[plain, { sum: feed(1), x: feed(2) }], [looped, { x: feed(3) }]]) {
      const run = opened.run(feeds);
      await opened.close();
      await opened.close();
      console.log((await run).result.data[0], await opened.run(feeds).catch((error) => error.code));
    }`;
  expect(await script(code)).toEqual({ status: 0, signal: null, out: "3 disposed\n3 disposed\n", err: "" });
});

test("without onnxruntime-node the refusal says how to install it", async () => {
  const alone = mkdtempSync(join(tmpdir(), "s2-alone-"));
  mkdirSync(join(alone, "node_modules"));
  symlinkSync(join(dist, "../node_modules/valibot"), join(alone, "node_modules/valibot"));
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

test("a request that cannot be sent is refused and does not hold the process open", async () => {
  const code = `
    const { startSession } = await import(${JSON.stringify(`${dist}/runtimes/node/session.js`)});
    const session = await startSession(${JSON.stringify(plain)}, "plain.onnx");
    const images = { dims: [() => {}], data: new Float32Array(1) };
    console.log(await session.run("x", images, ["y"]).catch((error) => error.name));`;
  expect(await script(code)).toEqual({ status: 0, signal: null, out: "DataCloneError\n", err: "" });
});

test("a thread that runs out of memory rejects who waits, and the process lives", async () => {
  const code = `
    const { startSession } = await import(${JSON.stringify(`${dist}/runtimes/node/session.js`)});
    const hungry = ${JSON.stringify(thread("const all = []; for (;;) all.push(new Array(1e4).fill(0).map(() => ({})));").href)};
    const session = await startSession("m", "m", { worker: new URL(hungry) });
    const run = session.run("x", { dims: [1], data: new Float32Array(1) }, ["y"]);
    console.log(await run.catch(({ code, message }) => code + (message.includes("memory limit") ? " memory limit" : message)));`;
  expect(await script(code, { flags: ["--max-old-space-size=50"] })).toMatchObject({ status: 0, out: "runtime memory limit\n" });
});
