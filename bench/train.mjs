/**
 * A training step of DeiT-Tiny (batch 16, 224 px, AdamW) on one thread: its multiply rate against that of onnxruntime's gemmRate Gemm of 1024³, and
 * its time against torch's step, in turns.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { openLoop } from "s2-vision/node";
import { finishGraph, Gemm, input, Mul, newGraph, output, ReduceMean, Sub, writeOnnx } from "s2-vision/onnx";
import { adamW, initialValue, makeStep, vit } from "s2-vision/train";
import { multiplyAdds, readOnnx } from "../dist/onnx/index.js";
import { noise } from "./noise.mjs";
import { missingInPython, python } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, ratio, round, spread, takeTurns } from "./timing.mjs";

skipIf(missingInPython("torch"));

const [batch, parts, threads] = [16, 16, 1];
const shape = { imageSize: 224, patchSize: 16, dim: 192, depth: 12, heads: 3, mlpRatio: 4 };
const dims = { images: [batch, 3, 224, 224], target: [batch, 197, 192] };
const step = makeStep({
  inputs: { images: { type: "float32", dims: dims.images }, target: { type: "float32", dims: dims.target } },
  ...{ optimizer: adamW({ weightDecay: 0.05 }), parts },
  loss({ images, target }, parameter) {
    const gap = Sub(vit(images, shape, parameter), target);
    return { loss: ReduceMean(Mul(gap, gap), [0, 1, 2], { keepdims: 0 }) };
  },
});
// Products of the whole step, forwards and backwards, by their shapes.
const ofState = Object.fromEntries(step.state.map(({ name, dims: of }) => [name, of]));
const work = multiplyAdds(readOnnx(step.file), { ...dims, ...ofState, rate: [], step: [] }).value;
const state = Object.fromEntries(
  step.state.map(({ name, dims: of, parameter }) => [
    name,
    { dims: of, data: name === parameter ? initialValue(parameter, of, 1) : new Float32Array(of.reduce((a, b) => a * b, 1)) },
  ]),
);
const loop = await openLoop(step.file, state, { threads });
const gemm = await openGemm(1024);
const theirs = await startTorch();

const [images, target] = [noise(dims.images), noise(dims.target)];
const copy = ({ dims: of, data }) => ({ dims: of, data: data.slice() }); // what is fed is given away
let number = 0;
const times = await takeTurns(
  {
    ours: () => loop.run({ images: copy(images), target: copy(target), rate: scalar(1e-4), step: scalar(++number) }),
    theirs: theirs.run,
    gemm: gemm.run,
  },
  { rounds: 9, warmUp: 2 },
);
await loop.close();
await gemm.close();
theirs.end();

const rate = (each, products) => (2 * products) / median(times[each].ms) / 1e6;
const against = ratio(times.ours, times.theirs);
const [ours, gemmRate] = [rate("ours", work), rate("gemm", gemm.products)];
finish(
  "train",
  [
    { name: "onnxruntime's Gemm 1024 / our step, multiply rate", value: round(gemmRate / ours), unit: "x", bar: round(1 / 0.6) },
    { name: "our step / torch's", value: against.wall, unit: "x", bar: 1.2 },
  ],
  {
    rounds: times.ours.ms.length,
    ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
    gigaflops: { ours: round(ours), gemm: round(gemmRate) },
    ...{ against, products: work, batch, parts, threads, torch: theirs.version },
  },
);

function scalar(value) {
  return { dims: [], data: Float32Array.of(value) };
}

/** Ten products of n x n matrices in a row, in one run. */
async function openGemm(n) {
  const graph = newGraph(20);
  const [a, b] = ["a", "b"].map((name) => input(graph, name, "float32", [n, n]));
  let x = a;
  for (let i = 0; i < 10; i++) x = Gemm(x, b);
  output(x, "y");
  const session = await ort.InferenceSession.create(writeOnnx(finishGraph(graph, "gemm")), { intraOpNumThreads: threads });
  const feeds = Object.fromEntries(
    ["a", "b"].map((name) => [
      name,
      new ort.Tensor(
        "float32",
        noise([n, n]).data.map((value) => value / n),
        [n, n],
      ),
    ]),
  );
  return { products: 10 * n ** 3, run: () => session.run(feeds), close: () => session.release() };
}

async function startTorch() {
  const script = fileURLToPath(new URL("train.py", import.meta.url));
  const child = spawn(python, [script, "--batch", `${batch}`, "--threads", `${threads}`], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("train.py ended before it answered; its message stands above.");
    return JSON.parse(value);
  };
  const { torch: version } = await answer();
  return {
    version,
    run: () => {
      child.stdin.write("run\n");
      return answer();
    },
    end: () => child.stdin.end(),
  };
}
