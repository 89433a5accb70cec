/** A hub repository of timm says little more than its architecture's name: FocalNet, MPViT, ResNet and MobileNet as their registries have them. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readFamily } from "../../src/models/families.ts";
import { readTimm as readFocalNet } from "../../src/models/focalnet-config.ts";
import { activationOf } from "../../src/models/mlp.ts";
import { readTimm as readMobileNet } from "../../src/models/mobilenet-config.ts";
import { readMPViT } from "../../src/models/mpvit-config.ts";
import { readTimm as readResNet } from "../../src/models/resnet-config.ts";
import { makeWeights } from "../../src/models/weights.ts";

interface Known {
  family: string;
  image: [number, number];
  eps: number;
  act: string;
  pool: string;
  normalizeModulator: boolean;
  shapes: { stem: [number[], number, number]; overlap: boolean; postNorm: boolean };
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as Record<
    "architectures" | "authors" | "unsupported",
    Record<string, Known>
  >;
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

const convnets = read("convnet-architectures.json");

it.each(Object.entries(convnets.architectures).filter(([, { family }]) => family === "resnet"))(
  "%s by its name alone",
  (architecture, known) => {
    const { imageSize, activation } = readResNet({ architecture });
    expect(imageSize).toEqual(known.image);
    expect([known.act, known.eps, known.pool]).toEqual([["ReLU"], [1e-5], "avg"]);
    expect(activation).toBe(activationOf("relu"));
  },
);

it.each(Object.entries(convnets.architectures).filter(([, { family }]) => family.startsWith("mobilenet")))(
  "%s by its name alone",
  (architecture, known) => {
    const { imageSize, activation, epsilon } = readMobileNet(
      { architecture },
      shapes({}),
      known.family === "mobilenetv1" ? 1 : 2,
    );
    expect({ image: imageSize, eps: [epsilon] }).toEqual({ image: known.image, eps: known.eps });
    expect([known.act, known.pool]).toEqual([["ReLU6"], "avg"]);
    expect(activation).toBe(activationOf("relu6"));
  },
);

it.each(convnets.unsupported as unknown as string[])("%s is refused", (architecture) => {
  expect(() => readFamily({ architecture }, {})).toThrow(
    expect.objectContaining({ code: "architecture", message: expect.stringContaining(architecture) }),
  );
});

it.each(["resnet50.a1_in1k", "wide_resnet50_2", "resnext101_32x8d.fb_wsl_ig1b_ft_in1k", "tv_resnet34", "resnet101d.ra2_in1k"])(
  "%s is a ResNet",
  (architecture) => {
    expect(() => readFamily({ architecture }, {})).toThrow(
      expect.objectContaining({ code: "weights", message: expect.stringContaining("conv1") }),
    );
  },
);
