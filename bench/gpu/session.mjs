/**
 * One bare session, timed: a file of ours or from a folder, with options of onnxruntime. Options of the WebGPU device hold for a process, so each
 * set of them gets its own. `--spec` is JSON; prints a line of JSON.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { convertModel, finishGraph, input, newGraph, output, ReduceSum, writeOnnx } from "s2-vision/onnx";
import { round, spread, takeTurns } from "../timing.mjs";
import { difference, feedsFor, openSession } from "./graphs.mjs";
import { buildModel, buildS2, sizes } from "./models.mjs";

const { values } = parseArgs({ options: { spec: { type: "string" }, work: { type: "string" }, device: { type: "string" } } });
const spec = JSON.parse(values.spec);
const {
  file,
  size,
  kind = "s2",
  graph,
  options = {},
  batches = [size ? sizes[size].photos : 8],
  seconds = 3,
  reference,
  float16,
} = spec;
const { work, device } = values;
const given = file ? readFileSync(file) : kind === "model" ? buildModel(work, size) : buildS2(work, size, graph);
const bytes = float16 ? convertModel(given, { dtype: "float16", compute: true }) : given;
const expected = reference ? readFileSync(reference) : float16 && given;

let start = performance.now();
const session = await openSession(bytes, device, options);
const result = { sessionMs: round(performance.now() - start), ms: {} };
for (const batch of batches) {
  const feeds = feedsFor(session, batch);
  start = performance.now();
  const first = await session.run(feeds);
  result.firstRunMs ??= round(performance.now() - start);
  const until = performance.now() + (seconds * 1000) / batches.length;
  if (options.preferredOutputLocation) result.ms[batch] = { mean: await inARow(feeds, until) };
  else {
    const times = await takeTurns({ run: () => session.run(feeds) }, { rounds: 30, warmUp: size === "toy" ? 0 : 2, until });
    result.ms[batch] = spread(times.run.ms);
  }
  if (expected) result.differences = await againstReference(first, batch);
  console.log(JSON.stringify(result));
}
await session.release();

/**
 * Mean ms of runs whose outputs stay on the device; only the last one is waited for, by a graph that reads it: onnxruntime-node 1.30 aborts the
 * process when such an output's data are asked for.
 */
async function inARow(feeds, until) {
  const [name] = session.outputNames;
  const { shape } = session.outputMetadata[0];
  const graph = newGraph(17);
  output(ReduceSum(input(graph, "x", "float32", shape), [...shape.keys()], { keepdims: 0 }), "sum");
  const reader = await openSession(writeOnnx(finishGraph(graph, "reader")), device);
  const finish = async (outputs) => {
    await reader.run({ x: outputs[name] });
    outputs[name].dispose();
  };
  await finish(await session.run(feeds));
  let runs = 0;
  const begun = performance.now();
  let last;
  while (runs < 30 && (runs === 0 || performance.now() < until)) {
    last?.[name].dispose();
    last = await session.run(feeds);
    runs++;
  }
  await finish(last);
  await reader.release();
  return round((performance.now() - begun) / runs);
}

/** Differences of each output to the same output of the float32 file. */
async function againstReference(outputs, batch) {
  const other = await openSession(expected, device);
  const theirs = await other.run(feedsFor(other, batch));
  await other.release();
  const shared = Object.keys(theirs).filter((name) => outputs[name]?.type === "float32" && theirs[name].type === "float32");
  return Object.fromEntries(shared.map((name) => [name, difference(outputs[name].data, theirs[name].data)]));
}
