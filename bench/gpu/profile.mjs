/** The one-file graph by operator: time on the device by onnxruntime's profiler, and what a run takes in all. Prints a line of JSON. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { round, spread } from "../timing.mjs";
import { feedsFor, openSession } from "./graphs.mjs";
import { buildModel, buildS2, sizes } from "./models.mjs";

const names = ["size", "work", "device", "kind", "file", "batch"];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
const { size, work, device, kind = "s2", file, batch = `${sizes[size]?.photos ?? 8}` } = values;
const runs = size === "toy" ? 2 : 6;

const prefix = `profile-${process.pid}`;
const bytes = file ? readFileSync(file) : kind === "model" ? buildModel(work, size) : buildS2(work, size);
const session = await openSession(bytes, device, { enableProfiling: true, profileFilePrefix: join(work, prefix) });
const feeds = feedsFor(session, Number(batch));
const wall = [];
for (let i = 0; i < runs; i++) {
  const start = performance.now();
  await session.run(feeds);
  wall.push(performance.now() - start);
}
session.endProfiling();
await session.release();

const events = JSON.parse(
  readFileSync(
    join(
      work,
      readdirSync(work).find((name) => name.startsWith(prefix)),
    ),
    "utf8",
  ),
);
const kernels = events.filter(({ cat }) => cat === "Api").sort((a, b) => a.ts - b.ts);
const nodes = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));
const steady = (all) => all.slice(Math.round(all.length / runs)); // the first run compiles shaders
const perRun = (us) => round(us / 1000 / (runs - 1));

console.log(
  JSON.stringify({
    ...{ size, kind, batch: Number(batch), runs: runs - 1 },
    wallMs: spread(wall.slice(1)), // with the profiler's own cost
    deviceMs: perRun(sum(steady(kernels))),
    hostMs: perRun(sum(steady(nodes))), // preparing and sending kernels, one after the other
    kernelsPerRun: Math.round(kernels.length / runs),
    byOperator: group(steady(kernels), ({ name }) => name.split("&")[1]),
    byShape: group(steady(kernels), ({ name, args }) => `${name.split("&")[2]} ${args?.shapes?.trim() ?? ""}`, 40),
    onCpu: group(steady(nodes.filter(({ args }) => args.provider === "CPUExecutionProvider")), ({ args }) => args.op_name),
  }),
);

function sum(all) {
  return all.reduce((total, { dur }) => total + dur, 0);
}

/** Milliseconds and kernels of a run by a key, the longest first. */
function group(all, keyOf, most = 100) {
  const groups = new Map();
  for (const event of all) {
    const key = keyOf(event);
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const rows = [...groups].map(([key, its]) => [key, { ms: perRun(sum(its)), kernels: round(its.length / (runs - 1)) }]);
  return Object.fromEntries(rows.sort(([, a], [, b]) => b.ms - a.ms).slice(0, most));
}
