import { expect, it } from "vitest";
import { mainComponents } from "../recipes/main-components.mjs";

it("keeps the strongest components, the weaker of them raised, and drops what a student would learn by heart", () => {
  // Four channels of deviation 1 about 5: the first two alike, the third against the fourth less so, and what is left of those two is weakest.
  const angles = Array.from({ length: 64 }, (_, i) => (2 * Math.PI * i) / 64);
  const wave = (angle: number, times: number) => Math.SQRT2 * Math.sin(times * angle);
  const [a, b] = [Math.sqrt(0.8), Math.sqrt(0.2)];
  const rows = angles.map((angle) => {
    const [first, second, third] = [wave(angle, 1), wave(angle, 2), wave(angle, 3)];
    return [5 + first, 5 + first, 5 + a * second + b * third, 5 - a * second + b * third];
  });
  const towards = mainComponents(rows, 2);
  const along = (...direction: number[]) => towards(direction.map((value) => 5 + value)).map((value) => value - 5);
  const raised = (2 / 1.6) ** 0.25; // by the root of the deviation: variance to the power of -1/4
  const expected: [number[], number[]][] = [
    [along(1, 1, 0, 0), [1, 1, 0, 0]],
    [along(0, 0, 1, -1), [0, 0, raised, -raised]],
    [along(0, 0, 1, 1), [0, 0, 0, 0]],
  ];
  for (const [found, values] of expected) for (const [i, value] of values.entries()) expect(found[i]).toBeCloseTo(value, 9);
});
