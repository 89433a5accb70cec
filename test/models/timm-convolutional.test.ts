/** A hub repository of timm says little more than its architecture's name: FocalNet and MPViT as their registries have them. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readTimm as readFocalNet } from "../../src/models/focalnet-config.ts";
import { activationOf } from "../../src/models/mlp.ts";
import { readMPViT } from "../../src/models/mpvit-config.ts";
import { makeWeights } from "../../src/models/weights.ts";

interface Known {
  family: string;
  image: [number, number];
  eps: number;
  act: string;
  normalizeModulator: boolean;
  shapes: { stem: [number[], number, number]; overlap: boolean; postNorm: boolean };
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as Record<"architectures" | "authors", Record<string, Known>>;
const { architectures, authors } = read("related-architectures.json");
const of = (family: string) => Object.entries(architectures).filter(([, known]) => known.family === family);

/** Tensors of these shapes, without their numbers. */
const shapes = (dims: Record<string, readonly number[]>) =>
  makeWeights(
    Object.fromEntries(Object.entries(dims).map(([name, own]) => [name, { dtype: "F32", dims: own, data: new Float32Array(0) }])),
  );

it.each(of("focalnet"))("%s by its name alone", (architecture, { image, eps, act, normalizeModulator, shapes: known }) => {
  const norm = known.postNorm ? "norm1_post" : "norm1";
  const weights = shapes({ "stem.proj.weight": known.stem[0], [`layers.0.blocks.0.${norm}.weight`]: [known.stem[0][0]] });
  expect(readFocalNet({ architecture }, weights)).toMatchObject({
    ...{ imageSize: image, epsilon: eps, activation: activationOf(act), averageContexts: normalizeModulator },
    ...{ overlap: known.overlap, postNorm: known.postNorm },
  });
});

it.each(Object.entries(authors).filter(([, { family }]) => family === "mpvit"))(
  "%s by its name alone",
  (architecture, { image }) => {
    expect(readMPViT({ architecture })).toEqual(image);
  },
);
