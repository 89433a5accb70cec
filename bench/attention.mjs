/**
 * Attention written out by ONNX's operators as exporters do (products, Softmax, Transpose) against onnxruntime's one operator for it
 * (MultiHeadAttention): whole encoders of random weights in the shapes of real models, which are all that this depends on. In onnxruntime-node,
 * and in onnxruntime-web's WebAssembly on one thread.
 */
import * as ort from "onnxruntime-node";
import {
  Add,
  node as addNode,
  constant,
  Float,
  finishGraph,
  Gelu,
  input,
  LayerNormalization,
  MatMul,
  Mul,
  newGraph,
  output,
  Reshape,
  Softmax,
  Transpose,
  writeOnnx,
} from "../dist/onnx/index.js"; // the public entry has no Transpose and LayerNormalization
import { noise } from "./noise.mjs";
import { finish } from "./result.mjs";
import { ratio, takeTurns } from "./timing.mjs";

const ROUNDS = 21;
const models = {
  "DeiT-Tiny at 224": { dim: 192, heads: 3, tokens: 197, layers: 12, images: 4 }, // as many as the Node runtime runs at a time
  "ViT-Small at 224": { dim: 384, heads: 6, tokens: 197, layers: 4, images: 4 },
  "CLIP ViT-Large at 336": { dim: 1024, heads: 16, tokens: 577, layers: 1, images: 1 },
  "DINOv2-Small at 518": { dim: 384, heads: 6, tokens: 1370, layers: 2, images: 1 },
};
const runtimes = { "Node, 1 thread": node(1), "Node, 2 threads": node(2), "WebAssembly, 1 thread": await web() };

const figures = [];
const details = {};
for (const [name, shape] of Object.entries(models)) {
  const dims = [shape.images, shape.tokens, shape.dim];
  const [apart, fused] = [encoder(shape, writtenOut), encoder(shape, inOne)];
  for (const [runtime, { start, Tensor, rounds }] of Object.entries(runtimes)) {
    const sessions = { apart: await start(apart), fused: await start(fused) };
    const run = (session) => async () => {
      await session.run({ x: new Tensor("float32", noise(dims).data, dims) });
    };
    const times = await takeTurns({ apart: run(sessions.apart), fused: run(sessions.fused) }, { rounds, warmUp: 2 });
    await Promise.all([sessions.apart.release(), sessions.fused.release()]);
    const found = ratio(times.fused, times.apart);
    figures.push({ name: `${name}, ${runtime}: one operator / written out`, value: found.rounds.median, unit: "x" });
    details[`${name}, ${runtime}`] = found;
  }
}
finish("attention", figures, { rounds: ROUNDS, ratios: details });

/** Blocks of a ViT in pre-norm form, whose attention is `attend`'s. */
function encoder({ dim, heads, tokens, layers }, attend) {
  const graph = newGraph(17);
  const weight = (dims) =>
    constant(
      graph,
      "float32",
      dims,
      noise(dims).data.map((value) => value * 0.05),
    );
  const linear = (x, from, to) => Add(MatMul(x, weight([from, to])), weight([to]));
  const norm = (x) => LayerNormalization(x, constant(graph, "float32", [dim], new Float32Array(dim).fill(1)), weight([dim]));
  let x = input(graph, "x", "float32", ["batch", tokens, dim]);
  for (let layer = 0; layer < layers; layer++) {
    const seen = norm(x);
    const [q, k, v] = [0, 1, 2].map(() => linear(seen, dim, dim));
    x = Add(x, linear(attend(q, k, v, { dim, heads, tokens }), dim, dim));
    x = Add(x, linear(Gelu(linear(norm(x), dim, 4 * dim)), 4 * dim, dim));
  }
  output(x, "y");
  return writeOnnx(finishGraph(graph, "encoder"));
}

function writtenOut(q, k, v, { dim, heads, tokens }) {
  const apart = (x) => Reshape(x, ["batch", tokens, heads, dim / heads]);
  const scores = MatMul(Transpose(apart(q), [0, 2, 1, 3]), Transpose(apart(k), [0, 2, 3, 1]));
  const weighted = MatMul(Softmax(Mul(scores, (dim / heads) ** -0.5)), Transpose(apart(v), [0, 2, 1, 3]));
  return Reshape(Transpose(weighted, [0, 2, 1, 3]), ["batch", tokens, dim]);
}

function inOne(q, k, v, { dim, heads }) {
  const attributes = { num_heads: heads, scale: new Float((dim / heads) ** -0.5) };
  return addNode("MultiHeadAttention", [q, k, v], attributes, { domain: "com.microsoft" })[0];
}

function node(threads) {
  const options = {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, enableCpuMemArena: false, logSeverityLevel: 4 },
    extra: { session: { force_spinning_stop: "1" } },
  };
  return { start: (file) => ort.InferenceSession.create(file, options), Tensor: ort.Tensor, rounds: ROUNDS };
}

/** onnxruntime-web's WebAssembly, which runs in Node as it does in Chromium. */
async function web() {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  return { start: (file) => InferenceSession.create(file, { executionProviders: ["wasm"] }), Tensor, rounds: 5 };
}
