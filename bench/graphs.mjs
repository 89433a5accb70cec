/**
 * Graphs of our own against what they stand for, on DeiT-Tiny, one thread: the exported S² file against `s2` and against the raw tiles in
 * one run; the model built from weights against torch's export; the int8 file against the float32 one, in size, time and features; and the
 * products alone of an MLP (192 to 768 and back), which say what the processor has to gain from int8.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { resize, s2, splitChessboard } from "s2-vision";
import { buildModel, exportS2 } from "s2-vision/models";
import { loadImage, loadModel, openGraph, resizePixels } from "s2-vision/node";
import { constant, finishGraph, input, MatMul, newGraph, output, quantizeModel, writeOnnx } from "s2-vision/onnx";
import { noise } from "./noise.mjs";
import { deitTiny, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

skipIf(missing(deitTiny));

const data = join(dirname(dirname(deitTiny)), "data");
const options = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  logSeverityLevel: 4,
  extra: { session: { force_spinning_stop: "1" } },
};
const file = readFileSync(join(deitTiny, "onnx/model.onnx"));
const config = JSON.parse(readFileSync(join(deitTiny, "config.json"), "utf8"));
const start = (bytes) => ort.InferenceSession.create(bytes, options);
const tensor = ({ dims, data: values }) => new ort.Tensor("float32", values, dims);

const images = noise([1, 3, 224, 224]);
const tiles = [1, 2, 3].map((scale) => splitChessboard(resize(images, [224 * scale, 224 * scale]), scale, scale));
const all = new Float32Array(14 * 150528);
let filled = 0;
for (const { data: tile } of tiles) {
  all.set(tile, filled);
  filled += tile.length;
}
const batch = { dims: [8, 3, 224, 224], data: all.slice(0, 8 * 150528) };

const four = { dims: [4, 3, 224, 224], data: all.slice(0, 4 * 150528) }; // as many as the Node runtime runs at a time

const { file: int8, report } = await quantizeModel(file);
const seen = { images: await trainImages(8), openGraph: (bytes) => openGraph(bytes, { threads: 1 }) };
const { file: calibrated, report: calibratedReport } = await quantizeModel(file, seen);
const products = productsOf([192, 768, 192]);
const sessions = {
  products: await start(products),
  productsInt8: await start((await quantizeModel(products, { residualFraction: 0 })).file),
  torch: await start(file),
  built: await start(buildModel(config, readFileSync(join(deitTiny, "model.safetensors")))),
  int8: await start(int8),
  calibrated: await start(calibrated),
  s2: await start(exportS2(file, { scales: [1, 2, 3], imageSize: 224, numPrefixToken: 1 })),
};
const model = await loadModel(deitTiny, { threads: 1 });
const run = (name, values) => sessions[name].run({ pixel_values: tensor(values) });

const rows = noise([1576, 192]);
const runProducts = (name) => sessions[name].run({ rows: tensor(rows) });

const times = await takeTurns(
  {
    products: () => runProducts("products"),
    productsInt8: () => runProducts("productsInt8"),
    exported: () => run("s2", images),
    s2: () => s2(model, images, { scales: [1, 2, 3], numPrefixToken: 1, splitForward: 4 }),
    raw: () => run("torch", { dims: [14, 3, 224, 224], data: all }),
    torch: () => run("torch", batch),
    built: () => run("built", batch),
    torchFour: () => run("torch", four),
    builtFour: () => run("built", four),
    int8: () => run("int8", batch),
    calibrated: () => run("calibrated", batch),
  },
  { rounds: 25, warmUp: 3 },
);
await model.dispose();

const smallFiles = ["int8", "calibrated"];
const examples = await compareFeatures(join(data, "examples"), smallFiles);
const clothing = await compareFeatures(join(data, "clothing/test"), smallFiles);
const against = (a, b) => ratio(times[a], times[b]).wall;
finish(
  "graphs",
  [
    { name: "exported file / s2", value: against("exported", "s2"), unit: "x", bar: 1.03 },
    { name: "exported file / raw tiles in one run", value: against("exported", "raw"), unit: "x", bar: 1.06 },
    { name: "int8 / float32, time of products alone", value: against("productsInt8", "products"), unit: "x" },
    { name: "built / torch's export, 8 images", value: against("built", "torch"), unit: "x" },
    { name: "built / torch's export, 4 images", value: against("builtFour", "torchFour"), unit: "x", bar: 0.95, aim: 0.9 },
    ...int8Figures("int8", "int8", report),
    ...int8Figures("calibrated", "int8 by 8 images", calibratedReport),
  ],
  {
    rounds: 25,
    ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
    ...{ examples, clothing },
  },
);

function int8Figures(name, called, { bytesBefore, bytesAfter }) {
  return [
    { name: `${called} / float32, size`, value: round(bytesAfter / bytesBefore), unit: "x", bar: 0.32 },
    { name: `${called} / float32, time of 8 images`, value: against(name, "torch"), unit: "x", bar: 0.62 },
    { name: `${called}, 1 - mean token cosine on examples`, value: round(1 - examples[name].cosine), unit: "", bar: 0.01 },
    { name: `${called}, 1 - top-1 agreement on clothing/test`, value: round(1 - clothing[name].top1), unit: "", bar: 0.05 },
  ];
}

/** Products by random matrices, one after the other. */
function productsOf(channelsPerScale) {
  const graph = newGraph(17);
  let x = input(graph, "rows", "float32", ["rows", channelsPerScale[0]]);
  for (let i = 1; i < channelsPerScale.length; i++) {
    const dims = [channelsPerScale[i - 1], channelsPerScale[i]];
    x = MatMul(x, constant(graph, "float32", dims, noise(dims).data));
  }
  output(x, "result");
  return writeOnnx(finishGraph(graph, "products"));
}

/** The first image of each of some classes. */
async function trainImages(count) {
  const folder = join(data, "clothing/train");
  const values = new Float32Array(count * 150528);
  for (const [i, name] of readdirSync(folder).sort().slice(0, count).entries()) {
    const [first] = readdirSync(join(folder, name)).sort();
    values.set((await prepare(join(folder, name, first))).data, i * 150528);
  }
  return { dims: [count, 3, 224, 224], data: values };
}

/** Mean cosine of tokens and agreement of top-1 between the float32 and each smaller file, image by image. */
async function compareFeatures(folder, names) {
  const sums = Object.fromEntries(names.map((name) => [name, { cosine: 0, tokens: 0, agreed: 0 }]));
  const images = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    /\.(jpe?g|png)$/i.test(entry.name),
  );
  for (const { parentPath, path, name } of images) {
    const values = await prepare(join(parentPath ?? path, name));
    const float = await run("torch", values);
    for (const name of names) {
      const small = await run(name, values);
      const sum = sums[name];
      const [a, b] = [float.last_hidden_state.data, small.last_hidden_state.data];
      for (let i = 0; i < a.length; i += 192, sum.tokens++) sum.cosine += cosineOf(a, b, i, i + 192);
      if (largest(float.logits.data) === largest(small.logits.data)) sum.agreed++;
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const { cosine, tokens, agreed } = sums[name];
      return [name, { images: images.length, cosine: cosine / tokens, top1: agreed / images.length }];
    }),
  );
}

/** Short side to 248, the middle 224x224, ImageNet's mean and deviation. */
async function prepare(path) {
  const image = await loadImage(path);
  const scale = 248 / Math.min(image.width, image.height);
  const {
    data: pixels,
    width,
    height,
  } = resizePixels(image, [Math.round(image.height * scale), Math.round(image.width * scale)], "bicubic");
  const [top, left] = [(height - 224) >> 1, (width - 224) >> 1];
  const values = new Float32Array(150528);
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < 224; y++)
      for (let x = 0; x < 224; x++)
        values[(c * 224 + y) * 224 + x] = (pixels[((top + y) * width + left + x) * 3 + c] / 255 - mean[c]) / std[c];
  return { dims: [1, 3, 224, 224], data: values };
}

function cosineOf(a, b, from, to) {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = from; i < to; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

function largest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
