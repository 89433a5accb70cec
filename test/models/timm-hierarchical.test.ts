/** A hub repository of timm says little more than its architecture's name: what follows from it here is what timm's registry says. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readTimm as readConvNext } from "../../src/models/convnext-config.ts";
import { readFamily } from "../../src/models/families.ts";
import { readTimm as readHiera } from "../../src/models/hiera-config.ts";
import { activationOf } from "../../src/models/mlp.ts";
import { readTimm as readSwin } from "../../src/models/swin-config.ts";
import { makeWeights } from "../../src/models/weights.ts";
import type { StoredTensor } from "../../src/tensors/index.ts";

interface Known {
  family: string;
  image: [number, number];
  eps: number;
  act: string;
  heads: number[];
  window: number[][];
  shift: number[][];
  pretrainedWindow?: number[][];
  queryPools: number;
  queryStride: number[];
  maskUnit: number[];
  maskUnitAttention: boolean[];
  depths: number[];
  shapes: { dim: number; depths: number[]; patch: number[] | number[][] };
}

const file = new URL("timm-architectures.json", import.meta.url);
const registry = JSON.parse(readFileSync(file, "utf8")) as {
  architectures: Record<string, Known>;
  unsupported: Record<string, string>;
};
const of = (...families: string[]) =>
  Object.entries(registry.architectures).filter(([, { family }]) => families.includes(family));
const config = (architecture: string, { image }: Known) => ({ architecture, pretrained_cfg: { input_size: [3, ...image] } });

/** Tensors of these shapes, without their numbers. */
function shapes(dims: Record<string, readonly number[]>) {
  const tensor = (own: readonly number[]): StoredTensor => ({ dtype: "F32", dims: own, data: new Float32Array(0) });
  return makeWeights(Object.fromEntries(Object.entries(dims).map(([name, own]) => [name, tensor(own)])));
}

it.each(of("convnext"))("%s", (name, known) => {
  const { imageSize, epsilon, headEpsilon, activation } = readConvNext(config(name, known));
  expect({ imageSize, epsilon, headEpsilon }).toEqual({ imageSize: known.image, epsilon: known.eps, headEpsilon: known.eps });
  expect(activation).toBe(activationOf(known.act));
});

it.each(of("swin", "swinv2"))("%s", (name, known) => {
  const { dim, patch } = known.shapes;
  const stages = known.window.map(([height, width], i) => [
    `layers.${i}.blocks.0.attn.relative_position_bias_table`,
    [(2 * height - 1) * (2 * width - 1), known.heads[i]],
  ]);
  const weights = shapes({ "patch_embed.proj.weight": [dim, 3, ...(patch as number[])], ...Object.fromEntries(stages) });
  const swin = readSwin(config(name, known), weights, known.family === "swin" ? 1 : 2);
  const cuts = known.window.map((_, i) => swin.cut(i, [0, 0], known.image));
  expect(cuts.map(({ size }) => size)).toEqual(known.window);
  expect(cuts.map(({ shift }) => shift)).toEqual(known.shift);
  expect(swin).toMatchObject({ imageSize: known.image, epsilon: known.eps, activation: activationOf(known.act) });
  if (known.pretrainedWindow) expect(swin.pretrainedWindows).toEqual(known.pretrainedWindow);
});

it.each(of("hiera"))("%s", (name, known) => {
  const { dim, patch } = known.shapes;
  const widths = known.depths.flatMap((depth, i) => Array<number>(depth).fill(dim * 2 ** i));
  const blocks = widths.map((width, i) => [`blocks.${i}.attn.proj.weight`, [width, width]]);
  const hiera = readHiera(config(name, known), shapes(Object.fromEntries(blocks)));
  const unit = (stage: number) => (known.maskUnit[0] * known.maskUnit[1]) / 4 ** stage;
  expect(hiera.stages.map(({ heads }) => heads)).toEqual(known.heads);
  expect(hiera.stages.map(({ blocks }) => blocks.length)).toEqual(known.depths);
  expect(hiera.stages.map((stage) => stage.unit)).toEqual(known.maskUnitAttention.map((local, i) => (local ? unit(i) : 0)));
  expect(hiera.stages.map((stage) => stage.firstUnit)).toEqual([
    unit(0),
    ...known.maskUnitAttention.slice(0, -1).map((local, i) => (local ? unit(i + 1) : 0)),
  ]);
  const [, [stride], [padding]] = patch as number[][];
  expect(hiera).toMatchObject({
    imageSize: known.image,
    epsilon: known.eps,
    activation: activationOf(known.act),
    queryPools: known.queryPools,
    queryStride: known.queryStride[0],
    patchStride: stride,
    patchPadding: padding,
  });
});

const refused = Object.keys(registry.unsupported).filter((name) => /convnext|swin|hiera/.test(name));

it.each(refused)("%s is refused", (architecture) => {
  expect(() => readFamily({ architecture }, {})).toThrow(expect.objectContaining({ code: "architecture" }));
});
