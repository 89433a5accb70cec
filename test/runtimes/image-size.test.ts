/** A hub folder often has a graph of one size and the weights; who asks for another size gets the weights at that size. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildModel } from "../../src/models/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { loadModel } = (await import(`${root}dist/node.js`)) as typeof import("../../src/node.ts"); // as built: its worker is a file
const folder = mkdtempSync(join(tmpdir(), "s2-size-"));

beforeAll(() => {
  cpSync(`${root}models/s2-tiny`, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  mkdirSync(join(folder, "onnx"));
  writeFileSync(join(folder, "onnx/model.onnx"), buildModel(config, readFileSync(join(folder, "model.safetensors"))));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  [undefined, 224, 197],
  [448, 448, 785],
])("image size %s gives tiles of %i pixels and %i tokens", async (imageSize, side, tokens) => {
  const model = await loadModel(folder, { threads: 1, ...(imageSize && { imageSize }) });
  expect(model.source.endsWith("model.onnx")).toBe(imageSize === undefined);
  const { dims } = await model({ dims: [1, 3, side, side], data: new Float32Array(3 * side * side) });
  expect([model.traits.imageSize, dims.slice(0, 2)]).toEqual([
    [side, side],
    [1, tokens],
  ]);
  await model.dispose();
});
