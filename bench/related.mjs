/**
 * Models that are built from weights against torch's own ONNX export of the same model, both in onnxruntime on one thread and in turns: real
 * sizes, random weights, images of the model's size. The outputs are compared before anything is timed. The export runs as two sessions, whose
 * ratio says how far two runs of one graph differ here. A row of MODELS is an architecture that related.py makes, with the output that the
 * export has.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { buildModel } from "s2-vision/models";
import { noise } from "./noise.mjs";
import { missingInPython, python } from "./paths.mjs";
import { finish, skip, skipIf } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

const MODELS = {
  focalnet_tiny_srf: "forward_features",
  mpvit_tiny: "forward_features",
  mvitv2_tiny: "forward_features",
  crossvit_15_240: "forward_features.1",
  resnet50: "forward_features",
  mobilenetv1_100: "forward_features",
  mobilenetv2_100: "forward_features",
  mobilenet_v2: "last_hidden_state",
};
/** Times that the sessions are made anew, each first in a third of them: the memory that a session gets moves its times by some percent. */
const REPEATS = 6;
const ROUNDS = 6;

skipIf(missingInPython("torch", "safetensors", "onnxscript"));

const folder = mkdtempSync(join(tmpdir(), "s2-related-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
try {
  const script = fileURLToPath(new URL("related.py", import.meta.url));
  execFileSync(python, [script, folder, ...Object.keys(MODELS)], { stdio: ["ignore", "ignore", "pipe"] });
} catch (error) {
  skip(`${python} could not make the models: ${String(error.stderr).trim().split("\n").at(-1)}`);
}

const options = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
  extra: { session: { force_spinning_stop: "1" } },
};
/** Number of images that the Node runtime runs at a time. */
const IMAGES = 4;

const figures = [];
const details = {};
for (const [name, main] of Object.entries(MODELS)) {
  const side = name.endsWith("_240") ? 240 : 224;
  const images = noise([IMAGES, 3, side, side]);
  const pixels = new ort.Tensor("float32", images.data, images.dims);
  const read = (file) => readFileSync(join(folder, name, file));
  const built = buildModel(JSON.parse(read("config.json")), read("model.safetensors"), { outputs: [main], imageSize: side });
  const theirs = read("torch.onnx");
  const files = { ours: built, theirs, again: theirs };
  const times = Object.fromEntries(Object.keys(files).map((side) => [side, { ms: [], cpu: [] }]));
  let difference = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const order = Object.keys(files).map((_, i, sides) => sides[(i + repeat) % sides.length]);
    const sessions = {};
    for (const side of order) sessions[side] = await ort.InferenceSession.create(files[side], options);
    const run = (side) => sessions[side].run({ pixel_values: pixels });
    difference = relative((await run("ours"))[main].data, (await run("theirs")).features.data);
    if (!(difference < 1e-3)) throw new Error(`The outputs of ${name} differ by ${difference}: not the same work.`);
    const taken = await takeTurns(Object.fromEntries(order.map((side) => [side, () => run(side)])), {
      rounds: ROUNDS,
      warmUp: 2,
    });
    for (const side of order) for (const unit of ["ms", "cpu"]) times[side][unit].push(...taken[side][unit]);
    await Promise.all(order.map((side) => sessions[side].release()));
  }
  const found = ratio(times.ours, times.theirs);
  figures.push({ name: `${name}: built graph / torch's export`, value: fastest(times.ours, times.theirs), unit: "x", bar: 1 });
  details[name] = {
    ...found,
    exportTwice: fastest(times.again, times.theirs),
    ms: { ours: spread(times.ours.ms), theirs: spread(times.theirs.ms) },
    difference,
  };
}
const twice = Object.values(details).map(({ exportTwice }) => exportTwice);
const furthest = twice.reduce((a, b) => (Math.abs(b - 1) > Math.abs(a - 1) ? b : a));
figures.push({ name: "an export / the same export again, furthest from 1", value: furthest, unit: "x" });
finish("related", figures, { repeats: REPEATS, rounds: ROUNDS, images: IMAGES, models: details });

/**
 * The least CPU time of a round against the other side's, to two digits: ONNX Runtime's optimizer makes the same nodes of both graphs of a
 * ResNet or MobileNet, and the medians of a busy machine differ by more than that.
 */
function fastest(a, b) {
  return Number((Math.min(...a.cpu) / Math.min(...b.cpu)).toFixed(2));
}

/** The largest difference, relative to the largest number. */
function relative(a, b) {
  if (a.length !== b.length) return Number.NaN;
  let [most, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return round(most / largest);
}
