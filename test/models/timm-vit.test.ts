/** A hub repository of timm says little more than its architecture's name: what follows from it here is what timm's registry says. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readFamily } from "../../src/models/families.ts";
import { activationOf } from "../../src/models/mlp.ts";
import { countOf } from "../../src/models/position.ts";
import { readTimmVit } from "../../src/models/timm-vit-config.ts";
import { readTimmVitName } from "../../src/models/timm-vit-names.ts";
import { makeWeights } from "../../src/models/weights.ts";

interface Shapes {
  dim: number;
  depth: number;
  patch: [number, number];
  mlpHidden: number;
  classToken?: boolean;
  registers: number;
  noEmbedClass?: boolean;
  preNorm?: boolean;
  qkvBias: boolean;
  layerScale: boolean;
}

interface Known {
  family: string;
  image: [number, number];
  heads: number;
  eps: number;
  act: string;
  mlp: string;
  pool: string;
  norm: string;
  poolIncludesPrefix?: boolean;
  distilled?: boolean;
  rope?: { temperature: number };
  shapes: Shapes;
}

const file = new URL("timm-architectures.json", import.meta.url);
const registry = JSON.parse(readFileSync(file, "utf8")) as {
  architectures: Record<string, Known>;
  unsupported: Record<string, string>;
};
const vits = Object.entries(registry.architectures).filter(([, { family }]) => family === "vit" || family === "dinov3");

/** The tensors that the reader looks at, in the shapes that timm gives them. */
function tensorsOf({ image, mlp, act, distilled, rope, shapes }: Known): Record<string, readonly number[]> {
  const { dim, patch, mlpHidden, classToken = true, registers, noEmbedClass } = shapes;
  const prefix = (classToken ? 1 : 0) + (distilled ? 1 : 0) + registers;
  const cells = Math.floor(image[0] / patch[0]) * Math.floor(image[1] / patch[1]);
  const split = mlp === "swiglu" && rope;
  const packed = act === "silu" && !split;
  return {
    "patch_embed.proj.weight": [dim, 3, ...patch],
    ...(classToken && { cls_token: [1, 1, dim] }),
    ...(distilled && { dist_token: [1, 1, dim] }),
    ...(registers > 0 && { reg_token: [1, registers, dim] }),
    ...(!rope && { pos_embed: [1, cells + (noEmbedClass ? 0 : prefix), dim] }),
    ...(shapes.preNorm && { "norm_pre.weight": [dim] }),
    ...(shapes.layerScale && { [rope ? "blocks.0.gamma_1" : "blocks.0.ls1.gamma"]: [dim] }),
    ...(shapes.qkvBias && (rope ? { "blocks.0.attn.q_bias": [dim] } : { "blocks.0.attn.qkv.bias": [3 * dim] })),
    ...(split
      ? { "blocks.0.mlp.fc1_g.weight": [mlpHidden, dim] }
      : { "blocks.0.mlp.fc1.weight": [packed ? 2 * mlpHidden : mlpHidden, dim] }),
    "blocks.0.mlp.fc2.weight": [dim, mlpHidden],
    [`blocks.${shapes.depth - 1}.norm1.weight`]: [dim],
  };
}

it.each(vits)("%s", (architecture, known) => {
  const { shapes, rope } = known;
  const tensors = Object.entries(tensorsOf(known)).map(([name, dims]) => [
    name,
    { dtype: "F32", dims, data: new Float32Array(0) },
  ]);
  const weights = makeWeights(Object.fromEntries(tensors), { names: rope ? [[/\.ls(\d)\.gamma$/, ".gamma_$1"]] : [] });
  const config = { architecture, pretrained_cfg: { input_size: [3, ...known.image] } };
  const { vit, name } = readTimmVit(config, weights, rope !== undefined);
  expect(vit).toMatchObject({
    ...{ imageSize: known.image, patchSize: shapes.patch[0], dim: shapes.dim, depth: shapes.depth, epsilon: known.eps },
    ...{ preNorm: shapes.preNorm ?? false, layerScale: shapes.layerScale, ...(rope && { rotary: rope.temperature }) },
    attention: { heads: known.heads },
    mlp: { width: shapes.mlpHidden, activation: activationOf(known.act) },
  });
  expect(vit.attention.projections.biases.length > 0).toBe(shapes.qkvBias);
  const prefix = countOf(vit.prefix);
  if (vit.position) expect(vit.position.embedded).toBe(shapes.noEmbedClass ? 0 : prefix);
  expect(name).toMatchObject({ pool: known.pool, poolsPrefix: known.poolIncludesPrefix ?? false });
});

it.each(vits)("the name %s alone tells which tokens, biases and norm its file must have", (architecture, { shapes, norm }) => {
  expect(readTimmVitName(architecture)).toMatchObject({
    classToken: shapes.classToken ?? true,
    registers: shapes.registers,
    qkvBias: shapes.qkvBias,
    finalNorm: norm !== "none",
  });
});

const refused = Object.keys(registry.unsupported).filter((name) => /vit|deit|eva|beit|aim/.test(name));

it.each(refused)("%s is refused", (architecture) => {
  expect(() => readFamily({ architecture }, {})).toThrow(expect.objectContaining({ code: "architecture" }));
});
