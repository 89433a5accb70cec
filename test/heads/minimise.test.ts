/** What every fit relies on: the minimum is found, within float32's noise too, and a fit that cannot end says so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { minimise } from "../../src/heads/minimise.ts";

/** Rosenbrock's valley, in pairs of numbers; its minimum is 0 at ones. */
async function rosenbrock(x: Float64Array) {
  let value = 0;
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += 2) {
    const [a, b] = [1 - x[i], x[i + 1] - x[i] ** 2];
    value += a * a + 100 * b * b;
    gradient[i] = -2 * a - 400 * b * x[i];
    gradient[i + 1] = 200 * b;
  }
  return { value, gradient };
}

describe("L-BFGS", () => {
  it("ends in the minimum of Rosenbrock's valley, from anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 4 }), async (start) => {
        const from = Float64Array.from([...start, ...start]);
        const { at, converged } = await minimise(from, rosenbrock, { iterations: 500, tolerance: 1e-8 });
        expect(converged).toBe(true);
        for (const value of at) expect(value).toBeCloseTo(1, 5);
      }),
    );
  });

  it("finds the minimum of a stretched bowl in the gradient's precision though values are rounded to float32", async () => {
    const stretch = Float64Array.from({ length: 40 }, (_, i) => 10 ** (-4 + i / 10));
    const bowl = async (x: Float64Array) => {
      const value = Math.fround(1 + x.reduce((sum, each, i) => sum + 0.5 * stretch[i] * (each - 1) ** 2, 0));
      return { value, gradient: x.map((each, i) => Math.fround(stretch[i] * (each - 1))) };
    };
    const found = await minimise(new Float64Array(40), bowl, { iterations: 1000, tolerance: 1e-6 });
    expect(found.converged).toBe(true);
    for (const value of found.at) expect(Math.abs(value - 1)).toBeLessThan(0.02); // 1e-6 over the least curvature, 1e-4
  });

  it("steps back from where the function is no number", async () => {
    const logarithm = async (x: Float64Array) => ({ value: x[0] - Math.log(x[0]), gradient: Float64Array.of(1 - 1 / x[0]) });
    const { at } = await minimise(Float64Array.of(0.01), logarithm, { iterations: 100, tolerance: 1e-9 });
    expect(at[0]).toBeCloseTo(1, 8);
  });

  it("says that it is not at rest when it runs out of steps, and reports each", async () => {
    const steps: number[] = [];
    const start = Float64Array.of(-1.2, 1);
    const found = await minimise(start, rosenbrock, { iterations: 3, tolerance: 1e-8, onStep: (step) => steps.push(step) });
    expect(found).toMatchObject({ converged: false, iterations: 3 });
    expect(steps).toEqual([1, 2, 3]);
    expect(found.value).toBeLessThan((await rosenbrock(start)).value);
  });
});
