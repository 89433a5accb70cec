/** A student's files: training that goes on from a saved model begins with the very weights that were saved. */
import { expect, it } from "vitest";
import { studentFiles, studentValues } from "../../src/train/index.ts";

const shape = { imageSize: 32, patchSize: 16, dim: 4, depth: 1, heads: 1, mlpRatio: 4 };
const pixels = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const value = (...data: number[]) => ({ dims: [1, 1, data.length], data: Float32Array.from(data) });

it("gives back the averaged weights that were saved, and nothing else", () => {
  const state = { cls_token: value(1, 2, 3, 4), "average/cls_token": value(0.5, -0.25, 8, 1), "distil.weight": value(9) };
  expect(studentValues(studentFiles(state, shape, pixels).weights)).toEqual({ cls_token: value(0.5, -0.25, 8, 1) });
});
