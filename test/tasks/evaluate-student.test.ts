/** The evaluation of a student must say how much of the teacher it holds, and not more. */
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { openGraph } from "../../src/runtimes/node/index.ts";
import { classFolders, evaluateStudent, leaveOut, type StudentPhotos } from "../../src/tasks/index.ts";
import { makeRandom } from "../../src/tensors/index.ts";

const [tokens, channels] = [9, 4];

/** The photo is a list of numbers; tokens are linear in them, so that a map between two such models exists. */
const model =
  (width: number, seed: number, noise = 0) =>
  ({ data }: Tensor): Tensor => {
    const weights = makeRandom(seed);
    const matrix = Float32Array.from({ length: width * channels }, () => weights() - 0.5);
    const noises = makeRandom(Math.round(data[0] * 1e6) + seed);
    const out = new Float32Array(tokens * width);
    for (let t = 0; t < tokens; t++)
      for (let o = 0; o < width; o++) {
        let sum = noise * (noises() - 0.5);
        for (let c = 0; c < channels; c++) sum += matrix[o * channels + c] * data[t * channels + c];
        out[t * width + o] = sum;
      }
    return { dims: [1, tokens, width], data: out };
  };

function photos(count: number, seed: number): StudentPhotos {
  const numbers = makeRandom(seed);
  const all = Array.from({ length: count }, (_, i) =>
    Float32Array.from(
      { length: tokens * channels },
      (_, at) => (at < channels ? (i % 2 === at % 2 ? 1 : -1) : 0) + numbers() - 0.5,
    ),
  );
  return {
    count,
    prepare: async (i) => ({ dims: [1, tokens, channels], data: all[i] }),
    labels: Array.from({ length: count }, (_, i) => (i % 2 === 0 ? "even" : "odd")),
  };
}

const graphs = { openGraph: (file: Uint8Array) => openGraph(file, { threads: 1 }) };
const sets = { seen: photos(40, 1), unseen: photos(12, 2) };

it("a student with all of the teacher has R² 1, one with noise less, and one of random tokens about 0", async () => {
  const teacher = model(5, 7);
  const whole = await evaluateStudent({ student: model(6, 3), teacher }, sets, graphs);
  expect(whole.r2).toBeGreaterThan(0.9999);
  expect(whole).toMatchObject({ photos: 12, neighbors: { student: 1, teacher: 1, k: 10 } });
  const noisy = await evaluateStudent({ student: model(6, 3, 1), teacher }, sets, graphs);
  expect(noisy.r2).toBeGreaterThan(0.3);
  expect(noisy.r2).toBeLessThan(0.97);
  const nothing = await evaluateStudent(
    { student: ({ data, ...rest }) => model(6, 3, 1)({ ...rest, data: data.map((v) => v * 1e-6) }), teacher: model(5, 7, 10) },
    sets,
    graphs,
  );
  expect(Math.abs(nothing.r2)).toBeLessThan(0.2);
});

it("models of other grids are refused", async () => {
  const other = () => ({ dims: [1, 4, 2], data: new Float32Array(8) });
  await expect(evaluateStudent({ student: other, teacher: model(5, 7) }, sets, graphs)).rejects.toThrow("4 tokens");
});

it("every tenth photo is left out, spread over the list, and none of a few", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `p/${i}`);
  expect(leaveOut(names.slice(0, 19)).unseen).toEqual([]);
  expect(leaveOut(names.slice(0, 20)).unseen).toEqual(["p/5", "p/15"]);
  const { seen, unseen } = leaveOut(names);
  expect([seen.length, unseen.length]).toEqual([950, 50]);
  expect(new Set([...seen, ...unseen]).size).toBe(1000);
  expect(classFolders(names)).toBeUndefined();
  expect(classFolders(["a/1", "a/2", "b/1", "b/2"])?.get("b/2")).toBe("b");
});
