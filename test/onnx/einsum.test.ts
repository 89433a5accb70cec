/** Sizes of an Einsum's letters: costs and shapes of foreign models follow from them. */
import { expect, it } from "vitest";
import { einsumSizes } from "../../src/onnx/infer-layers.ts";

const sizes = (equation: string, ...dims: (readonly number[])[]) =>
  Object.fromEntries(
    einsumSizes({ inputs: dims.map((each) => ({ type: "float32", dims: each })), attributes: { equation } }) ?? [],
  );

it("are those of the inputs' axes", () => {
  expect(sizes("bhqd, bhkd -> bhqk", [2, 3, 4, 8], [2, 3, 5, 8])).toEqual({ b: 2, h: 3, q: 4, d: 8, k: 5 });
});

it("an axis of 1 is stretched to the other input's, whichever comes first", () => {
  expect(sizes("bi,bi->b", [1, 4], [3, 4])).toEqual({ b: 3, i: 4 });
  expect(sizes("bi,bi->b", [3, 4], [1, 4])).toEqual({ b: 3, i: 4 });
  expect(sizes("bi,bi->b", [1, 4], [1, 1])).toEqual({ b: 1, i: 4 });
});

it("are not known where an ellipsis, a missing shape or another number of axes hides them", () => {
  expect(sizes("...i,ij->...j", [2, 3, 4], [4, 5])).toEqual({});
  expect(sizes("bi,ij->bj", [2, 3])).toEqual({});
  expect(sizes("bi,ij->bj", [2, 3, 4], [4, 5])).toEqual({});
});
