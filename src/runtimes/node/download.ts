/** Copies tensors from a graphics card with onnxruntime-node 1.30, whose own function for it ends the process. */
import { finishGraph, Identity, input, newGraph, output, writeOnnx } from "../../onnx/index.ts";
import type { Download } from "../graph-session.ts";
import type { OrtSession } from "../ort.ts";

/** Sessions by the tensors' rank. */
const sessions = new Map<number, Promise<OrtSession>>();

/** Returns the data of a float32 tensor: a session on the same card returns it, and outputs come to the CPU. */
export const download: Download = async (tensor) => {
  const rank = tensor.dims.length;
  if (!sessions.has(rank)) sessions.set(rank, openIdentity(rank));
  const { y } = await (await sessions.get(rank)!).run({ x: tensor });
  return y.data;
};

async function openIdentity(rank: number): Promise<OrtSession> {
  const graph = newGraph(20);
  const x = input(
    graph,
    "x",
    "float32",
    Array.from({ length: rank }, (_, axis) => `d${axis}`),
  );
  output(Identity(x), "y");
  const { InferenceSession } = await import("onnxruntime-node");
  const options = { executionProviders: ["webgpu"], logSeverityLevel: 4 as const };
  return InferenceSession.create(writeOnnx(finishGraph(graph, "identity")), options) as unknown as Promise<OrtSession>;
}
