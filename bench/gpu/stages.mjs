/** Measures each stage of a plan on a device alone, by waiting for one number of its result. */

import { planS2 } from "s2-vision";
import { planImage } from "s2-vision/node";
import { constant, finishGraph, input, newGraph, node, output, writeOnnx } from "s2-vision/onnx";
import { bufferGraph, featuresGraph, tilesGraph } from "../../dist/models/index.js";
import { median, round } from "../timing.mjs";
import { openBare, tensor } from "./in-thread.mjs";

const facts = { inputType: "float32", outputType: "float32", takesChannelsLast: false, givesChannelsLast: false };

/** @returns Milliseconds of each stage for all images in turns of `perRun` tiles: tiles from bytes, tiles from floats, the model, the features. */
export async function measureStages({ file, device, side, plan, options, photos, images, perRun, rounds }) {
  const model = await openBare(file, device);
  const { name: result, shape } = model.outputMetadata[0];
  const outputDims = [1, ...shape.slice(1)];
  const traits = { imageSize: [side, side], patchSize: (side / Math.sqrt(shape[1] - 1)) | 0, prefixTokens: 1, layout: "bnc" };
  const floatPlan = planS2({ height: side, width: side }, plan, traits);
  const { preprocessing, ...byteOptions } = options;
  const bytePlan = planImage(photos[0], byteOptions, traits);
  const each = Math.min(photos.length, Math.max(1, Math.floor(perRun / floatPlan.tiles)));
  const turns = Math.ceil(photos.length / each);
  const [{ width, height }] = photos;
  const ofBytes = { kind: "bytes", width, height, preprocessing };
  const open = (graph, more) => openBare(graph, device, more);
  const sessions = {
    bytes: await open(tilesGraph(bytePlan, ofBytes, facts, floatPlan.tiles)),
    floats: await open(tilesGraph(floatPlan, { kind: "floats", images }, facts, floatPlan.tiles)),
    features: await open(featuresGraph(floatPlan, outputDims, facts, floatPlan.tiles)),
    zeros: await open(bufferGraph("float32"), device === "webgpu" ? { preferredOutputLocation: "gpu-buffer" } : {}),
    peek: await open(peekGraph()),
  };
  const zeros = async (dims) =>
    (await sessions.zeros.run({ shape: tensor({ dims: [dims.length], data: BigInt64Array.from(dims, BigInt) }) })).buffer;
  const count = each * floatPlan.tiles;
  const tiles = await zeros([count, 3, side, side]);
  const tokens = await zeros([count, ...shape.slice(1)]);
  const peek = (x) => sessions.peek.run({ x });
  const pixels = tensor({ dims: [each, height, width, 3], data: joined(photos, each) });
  const size = images.data.length / photos.length;
  const values = tensor({ dims: [each, ...images.dims.slice(1)], data: images.data.subarray(0, each * size) });
  const stages = {
    peek: () => peek(tiles),
    tilesOfBytes: async () => {
      for (let turn = 0; turn < turns; turn++) await sessions.bytes.run({ images: pixels }, { "tiles.0": tiles });
      await peek(tiles);
    },
    tilesOfFloats: async () => {
      for (let turn = 0; turn < turns; turn++) await sessions.floats.run({ images: values }, { "tiles.0": tiles });
      await peek(tiles);
    },
    model: async () => {
      for (let turn = 0; turn < turns; turn++) await model.run({ [model.inputNames[0]]: tiles }, { [result]: tokens });
      await peek(tokens);
    },
    submitModel: async () => {
      const start = performance.now();
      for (let turn = 0; turn < turns; turn++) await model.run({ [model.inputNames[0]]: tiles }, { [result]: tokens });
      const ms = performance.now() - start; // the device works on
      await peek(tokens);
      return ms;
    },
    features: async () => {
      for (let turn = 0; turn < turns; turn++) await sessions.features.run({ "tokens.0": tokens });
    },
  };
  const times = Object.fromEntries(Object.keys(stages).map((name) => [name, []]));
  for (let at = -2; at < rounds; at++) {
    for (const [name, stage] of Object.entries(stages)) {
      const start = performance.now();
      const measured = await stage();
      const ms = typeof measured === "number" ? measured : performance.now() - start;
      if (at >= 0) times[name].push(ms);
    }
  }
  for (const session of [model, ...Object.values(sessions)]) await session.release();
  return { turns, ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(median(ms))])) };
}

function joined(photos, each) {
  const size = photos[0].data.length;
  const data = new Uint8Array(each * size);
  for (let i = 0; i < each; i++) data.set(photos[i % photos.length].data, i * size);
  return data;
}

/** The first number of any tensor. */
function peekGraph() {
  const graph = newGraph(17);
  const x = input(graph, "x", "float32", ["n", "a", "b", "c"].slice(0, 0));
  graph.inputs[0].type.tensorType.shape = undefined;
  const [flat] = node("Reshape", [x, int64(graph, [-1])]);
  const [first] = node("Slice", [flat, int64(graph, [0]), int64(graph, [1])]);
  output({ ...first, type: "float32" }, "first");
  return writeOnnx(finishGraph(graph, "peek"));
}

function int64(graph, values) {
  return constant(graph, "int64", [values.length], BigInt64Array.from(values, BigInt));
}
