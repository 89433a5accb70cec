/** Graphs that take images in other forms than float32 [b, c, h, w] give what the plain graph gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import {
  Cast,
  constant,
  finishGraph,
  input,
  newGraph,
  node,
  output,
  type ShapedValue,
  Transpose,
  writeOnnx,
} from "../../src/onnx/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { loadModel } = (await import(`${root}dist/node.js`)) as typeof import("../../src/node.ts");
const folder = mkdtempSync(join(tmpdir(), "s2-inputs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A convolution of 4x4 patches of 8x12 images: maps [1, 5, 2, 3]. */
function graphOf(type: "float32" | "float16", channelsLast: boolean, mapsLast = false): Uint8Array {
  const graph = newGraph(20);
  const given = input(graph, "images", type, channelsLast ? ["b", 8, 12, 3] : ["b", 3, 8, 12]);
  const floats = Cast(given as ShapedValue, "float32");
  const planes = channelsLast ? Transpose(floats, [0, 3, 1, 2]) : floats;
  const weights = constant(
    graph,
    "float32",
    [5, 3, 4, 4],
    Float32Array.from({ length: 240 }, (_, i) => Math.sin(i)),
  );
  const [maps] = node("Conv", [planes, weights], { kernel_shape: [4, 4], strides: [4, 4] });
  const shaped = { ...maps, type: "float32", dims: ["b", 5, 2, 3] } as ShapedValue;
  output(mapsLast ? Transpose(shaped, [0, 2, 3, 1]) : shaped, "features");
  return writeOnnx(finishGraph(graph, "test"));
}

const data = Float32Array.from({ length: 2 * 3 * 8 * 12 }, (_, i) => Math.round(64 * Math.cos(i)) / 64); // exact in float16
async function featuresOf(file: Uint8Array) {
  const path = join(folder, "model.onnx");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, file);
  const model = await loadModel(path, { threads: 1 });
  const features = await model({ dims: [2, 3, 8, 12], data });
  await model.dispose();
  return { dims: features.dims, values: [...features.data].map((value) => value.toFixed(4)), traits: model.traits };
}

it.each([
  ["float16", "float16", false, false],
  ["channels last", "float32", true, false],
  ["channels last in float16, maps with channels last", "float16", true, true],
  ["maps with channels last", "float32", false, true],
] as const)("%s", async (_, type, channelsLast, mapsLast) => {
  const plain = await featuresOf(graphOf("float32", false));
  expect(plain.dims).toEqual([2, 5, 2, 3]);
  expect(await featuresOf(graphOf(type, channelsLast, mapsLast))).toEqual(plain);
});
