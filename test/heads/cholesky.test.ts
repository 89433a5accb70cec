/** Linear equations that ridge regression and clicks rest on. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { cholesky, solve } from "../../src/heads/cholesky.ts";

it("the factor times its transpose is the matrix, and what is solved gives the right-hand side", () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.infiniteStream(number), (n, stream) => {
      const root = Array.from({ length: n * n }, () => stream.next().value as number);
      const matrix = Float64Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = i === j ? 1 : 0; // positive definite
        for (let k = 0; k < n; k++) sum += root[i * n + k] * root[j * n + k];
        return sum;
      });
      const factor = matrix.slice();
      expect(cholesky(factor, n)).toBe(true);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0;
          for (let k = 0; k <= j; k++) sum += factor[i * n + k] * factor[j * n + k];
          expect(Math.abs(sum - matrix[i * n + j])).toBeLessThan(1e-9);
        }
      }
      const right = Float64Array.from({ length: n }, () => stream.next().value as number);
      const found = right.slice();
      solve(factor, n, found);
      for (let i = 0; i < n; i++) {
        const sum = found.reduce((sum, value, j) => sum + matrix[i * n + j] * value, 0);
        expect(Math.abs(sum - right[i])).toBeLessThan(1e-7);
      }
    }),
  );
});

it.each([
  ["indefinite", [1, 2, 2, 1]],
  ["singular", [1, 1, 1, 1]],
  ["negative", [-1, 0, 0, 1]],
  ["not a number", [Number.NaN, 0, 0, 1]],
])("a matrix that is %s is refused", (_, matrix) => {
  expect(cholesky(Float64Array.from(matrix), 2)).toBe(false);
});
