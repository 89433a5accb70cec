/** Architectures that are compared by construction: their tensors are timm's, so that what is counted is the real model. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { builtIn } from "../src/built-in-scales/architectures.ts";

const file = new URL("../../test/models/related-architectures.json", import.meta.url);
const known = JSON.parse(readFileSync(file, "utf8")).architectures as Record<string, { parameters: number; classes: number }>;

/** Channels that the classifier takes, those of all its layers. */
const classifiers: Record<string, readonly number[]> = { crossvit_15_240: [192, 384], mvitv2_tiny: [768] };

it.each(Object.entries(classifiers))("%s has timm's parameters but for the classifier", (name, channels) => {
  const { shapes } = builtIn.find((each) => each.name === name)!;
  const count = Object.values(shapes).reduce((sum, dims) => sum + dims.reduce((product, side) => product * side, 1), 0);
  const { parameters, classes } = known[name];
  expect(count).toBe(parameters - channels.reduce((sum, width) => sum + (width + 1) * classes, 0));
});
