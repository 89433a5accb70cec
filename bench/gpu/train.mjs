/**
 * Training steps of DeiT-Tiny (224 px, AdamW, random data) on a graphics card, in each form of the step: milliseconds a step, for the upload of a
 * batch and for reading the state back, losses beside the CPU's, kernels by their time, and operators that ran on the CPU. Prints JSON.
 *
 * node bench/gpu/train.mjs --device webgpu --steps 10
 *   --forms gpu,cpu,vectors,spread   forms of the step (default: all)
 *   --batch 64 --depth 12            sizes
 *   --profile gpu                    the form whose kernels are listed ("none": no list)
 *   --cpu 3                          steps on the CPU, for the losses (0: none)
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { openLoop } from "s2-vision/node";
import { finishGraph, input, Mul, newGraph, output, ReduceMean, Sub, writeOnnx } from "s2-vision/onnx";
import { adamW, initialValue, vit } from "s2-vision/train";
import { Identity, readOnnx } from "../../dist/onnx/index.js";
import { buildStep } from "../../dist/train/step.js";
import { packState } from "../../dist/train/vectors.js";

const { values: flags } = parseArgs({
  options: {
    device: { type: "string", default: "webgpu" },
    steps: { type: "string", default: "10" },
    forms: { type: "string", default: "gpu,cpu,vectors,spread" },
    batch: { type: "string", default: "64" },
    depth: { type: "string", default: "12" },
    size: { type: "string", default: "224" },
    profile: { type: "string", default: "gpu" },
    cpu: { type: "string", default: "3" },
  },
});
const [steps, batch, depth, side, cpuSteps] = [flags.steps, flags.batch, flags.depth, flags.size, flags.cpu].map(Number);
const forms = {
  cpu: { vectors: false, spread: false },
  vectors: { vectors: true, spread: false },
  spread: { vectors: false, spread: true },
  gpu: { vectors: true, spread: true },
};
const shape = { imageSize: side, patchSize: 16, dim: 192, depth, heads: 3, mlpRatio: 4 };
const dims = { images: [batch, 3, side, side], target: [batch, 1 + (side / 16) ** 2, 192] };
const data = Object.fromEntries(Object.entries(dims).map(([name, of], i) => [name, noise(of, i)]));

const results = { device: flags.device, batch, depth, steps, forms: {} };
const show = (text) => process.stderr.write(`${text}\n`);
if (cpuSteps > 0) {
  const step = stepOf("cpu");
  const { losses, ms } = await measure(step, "cpu", cpuSteps);
  results.cpu = { losses, ms };
  show(`cpu: ${losses.join(" ")}, ${ms} ms`);
}
for (const form of flags.forms.split(",").filter(Boolean)) {
  const step = stepOf(form);
  const nodes = readOnnx(step.file).graph.node.length;
  try {
    const looped = await measure(step, flags.device, steps);
    const queued = flags.device === "cpu" ? undefined : await measureSession(step, steps);
    results.forms[form] = { nodes, tensors: Object.keys(firstState(step)).length, ...looped, session: queued };
  } catch (error) {
    results.forms[form] = { nodes, error: error.message };
  }
  show(`${form}: ${JSON.stringify(results.forms[form])}`);
}
if (flags.device !== "cpu") results.uploadMs = await measureUpload();
if (flags.profile !== "none" && flags.device !== "cpu") results.profile = await profile(stepOf(flags.profile));
console.log(JSON.stringify(results, null, 1));

function stepOf(form) {
  return buildStep(
    {
      inputs: { images: { type: "float32", dims: dims.images }, target: { type: "float32", dims: dims.target } },
      optimizer: adamW({ weightDecay: 0.05 }),
      loss({ images, target }, parameter) {
        const gap = Sub(vit(images, shape, parameter), target);
        return { loss: ReduceMean(Mul(gap, gap), [0, 1, 2], { keepdims: 0 }) };
      },
    },
    forms[form],
  );
}

function firstState({ state, vectors }) {
  const entries = state.map(({ name, dims: of, parameter }) => {
    const values = name === parameter ? initialValue(parameter, of, 1) : new Float32Array(of.reduce((a, b) => a * b, 1));
    return [name, { dims: of, data: values }];
  });
  return packState(vectors, Object.fromEntries(entries));
}

/** The loop of `fit`, in its thread. */
async function measure(step, device, count) {
  const start = performance.now();
  const loop = await openLoop(step.file, firstState(step), { device });
  const openMs = round(performance.now() - start);
  const [losses, times] = [[], []];
  for (let number = 1; number <= count; number++) {
    const feeds = { ...copies(), rate: scalar(1e-3), step: scalar(number) };
    const before = performance.now();
    const outputs = await loop.run(feeds);
    times.push(performance.now() - before);
    losses.push((outputs.loss ?? outputs.metrics).data[0]);
  }
  // The losses read once, after all steps.
  const batches = Array.from({ length: count }, copies);
  const begun = performance.now();
  for (const [i, fed] of batches.entries()) await loop.start({ ...fed, rate: scalar(1e-3), step: scalar(count + 1 + i) });
  await loop.outputs();
  const queuedMs = round((performance.now() - begun) / count);
  const before = performance.now();
  await loop.state();
  const readBackMs = round(performance.now() - before);
  await loop.close();
  return {
    losses,
    openMs,
    firstMs: round(times[0]),
    ms: round(median(times.slice(Math.min(2, count - 1)))),
    queuedMs,
    readBackMs,
  };
}

function sessionOf(step, more = {}) {
  const onDevice = Object.keys(firstState(step)).map((name) => [`next/${name}`, "gpu-buffer"]);
  return ort.InferenceSession.create(step.file, {
    executionProviders: [flags.device],
    logSeverityLevel: 4,
    preferredOutputLocation: Object.fromEntries(onDevice),
    ...more,
  });
}

function metricsName({ metricVectors }) {
  return metricVectors[0]?.name ?? "loss";
}

/** The same in a session of this thread: the loss read after each step, or after the last. */
async function measureSession(step, count) {
  const found = {};
  for (const [way, lossLocation] of Object.entries({ read: "cpu", queued: "gpu-buffer" })) {
    const onDevice = Object.keys(firstState(step)).map((name) => [`next/${name}`, "gpu-buffer"]);
    const session = await sessionOf(step, {
      preferredOutputLocation: { ...Object.fromEntries(onDevice), [metricsName(step)]: lossLocation },
    });
    const run = runner(session, step);
    for (let i = 0; i < 2; i++) await run();
    await run.wait(); // the runs before must not be counted
    const calls = [];
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      await run();
      calls.push(performance.now() - before);
    }
    await run.wait();
    found[way] = { msAStep: round((performance.now() - start) / count), msACall: round(median(calls)) };
    await session.release();
  }
  return found;
}

/** Runs a session's step again and again; `wait` waits for all work on the device. */
function runner(session, step) {
  const tensor = ({ dims: of, data: values }) => new ort.Tensor("float32", values, of);
  let held = Object.fromEntries(Object.entries(firstState(step)).map(([name, value]) => [name, tensor(value)]));
  const [images, target] = [tensor(data.images), tensor(data.target)];
  let number = 0;
  let reader;
  const run = async () => {
    const fed = { images, target, ...held, rate: tensor(scalar(1e-3)), step: tensor(scalar(++number)) };
    const all = await session.run(fed);
    const next = Object.fromEntries(Object.keys(held).map((name) => [name, all[`next/${name}`]]));
    for (const old of Object.values(held)) if (old.location === "gpu-buffer") old.dispose();
    held = next;
    const metrics = all[metricsName(step)];
    if (metrics.location === "gpu-buffer") metrics.dispose();
  };
  /** Reading a small tensor of the state waits for what came before. */
  run.wait = async () => {
    const smallest = Object.values(held).reduce((a, b) => (b.size < a.size ? b : a));
    reader ??= await identity(smallest.dims.length);
    await reader.run({ x: smallest });
  };
  return run;
}

function identity(rank, location = "cpu") {
  const graph = newGraph(20);
  const sizes = Array.from({ length: rank }, (_, axis) => `d${axis}`);
  output(Identity(input(graph, "x", "float32", sizes)), "y");
  return ort.InferenceSession.create(writeOnnx(finishGraph(graph, "identity")), {
    executionProviders: [flags.device],
    logSeverityLevel: 4,
    preferredOutputLocation: { y: location },
  });
}

/** The images of a batch to the device and, so that the copy is over, one number of them back. */
async function measureUpload() {
  const upload = await identity(4, "gpu-buffer");
  const wait = await identity(4);
  const [large, small] = [data.images, noise([1, 1, 1, 1], 0)].map(({ dims: of, data: values }) => {
    return new ort.Tensor("float32", values, of);
  });
  const times = [];
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    const { y } = await upload.run({ x: large });
    await wait.run({ x: small });
    times.push(performance.now() - before);
    y.dispose();
  }
  return round(median(times));
}

/** Kernels by their time on the device, operators by the time to send them, and operators that ran elsewhere. */
async function profile(step) {
  const folder = mkdtempSync(join(tmpdir(), "s2-profile-"));
  try {
    const session = await sessionOf(step, { enableProfiling: true, profileFilePrefix: join(folder, "profile") });
    const run = runner(session, step);
    const runs = 3;
    for (let i = 0; i < runs; i++) await run();
    await run.wait();
    session.endProfiling();
    const events = readdirSync(folder).flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
    return summary(events, runs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summary(events, runs) {
  const [kernels, programs, sent, elsewhere] = [new Map(), new Map(), new Map(), new Map()];
  const add = (map, key, ms) => {
    const { count, ms: sum } = map.get(key) ?? { count: 0, ms: 0 };
    map.set(key, { count: count + 1, ms: sum + ms });
  };
  // The first run compiles.
  const begins = events.filter(({ name }) => name === "model_run").map(({ ts, dur }) => ts + dur);
  for (const { cat, name, dur, ts, args } of events) {
    if (cat === "Api") {
      const [, op, program] = name.split("&");
      add(kernels, `${program} ${args?.shapes}`, dur / 1000);
      add(programs, op === program ? op : `${op}: ${program}`, dur / 1000);
    }
    if (cat !== "Node" || !args?.provider || !name.endsWith("_kernel_time")) continue;
    if (ts > (begins[0] ?? 0)) add(sent, args.op_name, dur / 1000);
    if (!args.provider.startsWith("WebGpu")) add(elsewhere, `${args.op_name} on ${args.provider}`, dur / 1000);
  }
  const sorted = (map, over, most = 40) =>
    [...map]
      .sort(([, a], [, b]) => b.ms - a.ms)
      .slice(0, most)
      .map(([key, { count, ms }]) => `${round(ms / over)} ms, ${round(count / over)} x ${key}`);
  return {
    onOtherProviders: sorted(elsewhere, runs),
    sendMsAStep: round([...sent.values()].reduce((sum, { ms }) => sum + ms, 0) / (runs - 1)),
    send: sorted(sent, runs - 1, 15),
    deviceMsAStep: round([...programs.values()].reduce((sum, { ms }) => sum + ms, 0) / runs),
    programs: sorted(programs, runs),
    kernels: sorted(kernels, runs, 60),
  };
}

function copies() {
  return Object.fromEntries(
    Object.entries(data).map(([name, { dims: of, data: values }]) => [name, { dims: of, data: values.slice() }]),
  );
}

/** Pseudo-random numbers of about unit variance, the same everywhere. */
function noise(of, seed) {
  const values = new Float32Array(of.reduce((a, b) => a * b, 1));
  let state = 12_345 + seed;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * 3.46;
  }
  return { dims: of, data: values };
}

function scalar(value) {
  return { dims: [], data: Float32Array.of(value) };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(value) {
  return Number(value.toPrecision(4));
}
