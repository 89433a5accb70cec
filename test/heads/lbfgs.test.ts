/** Guarantees of L-BFGS: the minimum is found, within float32's noise too, and a fit that cannot end says so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lbfgs } from "../../src/heads/lbfgs.ts";

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
        const { point, converged } = await lbfgs(from, rosenbrock, { iterations: 500, tolerance: 1e-8 });
        expect(converged).toBe(true);
        for (const value of point) expect(value).toBeCloseTo(1, 5);
      }),
    );
  });

  it("finds the minimum of a stretched bowl in the gradient's precision though values are rounded to float32", async () => {
    const stretch = Float64Array.from({ length: 40 }, (_, i) => 10 ** (-4 + i / 10));
    const bowl = async (x: Float64Array) => {
      const value = Math.fround(1 + x.reduce((sum, each, i) => sum + 0.5 * stretch[i] * (each - 1) ** 2, 0));
      return { value, gradient: x.map((each, i) => Math.fround(stretch[i] * (each - 1))) };
    };
    const found = await lbfgs(new Float64Array(40), bowl, { iterations: 1000, tolerance: 1e-6 });
    expect(found.converged).toBe(true);
    for (const value of found.point) expect(Math.abs(value - 1)).toBeLessThan(0.02); // 1e-6 over the least curvature, 1e-4
  });

  it("steps back from where the function is no number", async () => {
    const logarithm = async (x: Float64Array) => ({ value: x[0] - Math.log(x[0]), gradient: Float64Array.of(1 - 1 / x[0]) });
    const { point } = await lbfgs(Float64Array.of(0.01), logarithm, { iterations: 100, tolerance: 1e-9 });
    expect(point[0]).toBeCloseTo(1, 8);
  });

  it("says that it is not at rest when it runs out of steps, and reports each", async () => {
    const steps: number[] = [];
    const start = Float64Array.of(-1.2, 1);
    const found = await lbfgs(start, rosenbrock, { iterations: 3, tolerance: 1e-8, onStep: (step) => steps.push(step) });
    expect(found).toMatchObject({ converged: false, iterations: 3 });
    expect(steps).toEqual([1, 2, 3]);
    expect(found.value).toBeLessThan((await rosenbrock(start)).value);
  });

  it("goes in the directions of BFGS with the ten last steps, in steps that meet the strong Wolfe conditions", async () => {
    const seen: { at: Float64Array; value: number; gradient: Float64Array }[] = [];
    const evaluate = async (at: Float64Array) => {
      const found = await rosenbrock(at);
      seen.push({ at: at.slice(), value: found.value, gradient: found.gradient.slice() });
      return found;
    };
    const taken = [0]; // a step is taken where the function was seen last
    const onStep = () => taken.push(seen.length - 1);
    await lbfgs(Float64Array.of(-1.2, 1, 0.5, -0.7), evaluate, { iterations: 100, tolerance: 1e-8, onStep });
    expect(taken.length).toBeGreaterThan(15);
    expect(seen.length).toBeLessThan(2 * taken.length); // most first tries are taken
    const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]);
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

    const { at, gradient } = seen[0];
    const length = Math.sqrt(dot(gradient, gradient));
    // The first try has length 1.
    expect([...seen[1].at]).toEqual(Array.from(at, (value, i) => expect.closeTo(value - gradient[i] / length, 12)));

    for (let k = 1; k < taken.length - 1; k++) {
      const steps = Array.from({ length: Math.min(k, 10) }, (_, i) => {
        const [from, to] = [seen[taken[k - Math.min(k, 10) + i]], seen[taken[k - Math.min(k, 10) + i + 1]]];
        return { step: minus(to.at, from.at), change: minus(to.gradient, from.gradient) };
      });
      // Nocedal and Wright, 6.17 and 7.20: the inverse Hessian as a matrix, from a multiple of the identity.
      const last = steps.at(-1)!;
      const n = at.length;
      const scale = dot(last.step, last.change) / dot(last.change, last.change);
      let inverse = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
      const product = (a: number[][], b: number[][]) =>
        a.map((row) => b[0].map((_, j) => row.reduce((sum, value, i) => sum + value * b[i][j], 0)));
      for (const { step, change } of steps) {
        const rho = 1 / dot(step, change);
        const left = inverse.map((_, i) => inverse.map((_, j) => Number(i === j) - rho * step[i] * change[j]));
        const right = left[0].map((_, i) => left.map((row) => row[i]));
        inverse = product(product(left, inverse), right).map((row, i) => row.map((value, j) => value + rho * step[i] * step[j]));
      }
      const [here, tried] = [seen[taken[k]], seen[taken[k] + 1]];
      const direction = minus(tried.at, here.at);
      const size = Math.max(...direction.map(Math.abs));
      inverse.forEach((row, i) => {
        const expected = -row.reduce((sum, value, j) => sum + value * here.gradient[j], 0);
        expect(Math.abs(direction[i] - expected) / size, `step ${k}`).toBeLessThan(1e-4);
      });
    }
    for (let k = 1; k < taken.length; k++) {
      const [from, to] = [seen[taken[k - 1]], seen[taken[k]]];
      const step = minus(to.at, from.at);
      const slope = dot(from.gradient, step);
      expect(to.value).toBeLessThanOrEqual(from.value + 1e-4 * slope);
      expect(Math.abs(dot(to.gradient, step))).toBeLessThanOrEqual(0.9 * Math.abs(slope));
    }
  });

  it("is at rest at once where the gradient is exactly the tolerance", async () => {
    const slope = async () => ({ value: 1, gradient: Float64Array.of(-0.5, 0.25) });
    const found = await lbfgs(Float64Array.of(3, 4), slope, { iterations: 5, tolerance: 0.5 });
    expect(found).toMatchObject({ converged: true, iterations: 0, value: 1 });
    expect([...found.point]).toEqual([3, 4]);
  });
});
