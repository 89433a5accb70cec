/** Features that are not finite on the command line: an image that has some fails with the reason, and nothing is written or fitted with it. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  Add,
  finishGraph,
  input,
  Log,
  Mul,
  newGraph,
  node,
  output,
  ReduceSum,
  type ShapedValue,
  Sub,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { drawClasses, image } from "./drawn-sets.ts";
import { s2, tempFolder } from "./s2.ts";

const folder = tempFolder();

/** Maps of patches' mean colors; `spoil` makes some of them NaN. */
function model(name: string, side: number | string, spoil: (pooled: ShapedValue, images: ShapedValue) => ShapedValue): string {
  const graph = newGraph(17);
  const images = input(graph, "pixel_values", "float32", ["batch", 3, side, side]);
  const [pooled] = node("AveragePool", [images], { kernel_shape: [8, 8], strides: [8, 8] });
  output(spoil(pooled as ShapedValue, images), "maps");
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, writeOnnx(finishGraph(graph, name)));
  return path;
}

// Black is below -1.9 in all channels after ImageNet's normalization, and the logarithm of a negative number is NaN.
const notBlack = model("not-black", 32, (pooled) => Log(Add(pooled, 1.9)));
const never = model("never", 32, (pooled) => Log(Sub(pooled, 100)));
// A 32 px square has 3,072 numbers, one of 64 px 12,288.
const notLarge = model("not-large", "side", (pooled, images) => {
  const numbers = ReduceSum(Add(Mul(images, 0), 1), [1, 2, 3]);
  return Add(pooled, Mul(Log(Sub(5000, numbers)), 0));
});

const flags = (path: string) => ["--model", path, "--scales", "1", "--threads", "1"];

it("extract writes no file of NaN: of three images one fails, and the status says so", async () => {
  const images = ["gray", "black", "other"].map((name, i) => {
    writeFileSync(
      join(folder, `${name}.png`),
      image(i, () => (name === "black" ? [-50, -50, -50] : [120, 120, 120])),
    );
    return `${name}.png`;
  });
  const ended = await s2(["extract", ...images, ...flags(notBlack), "--out", "some"], { cwd: folder });
  expect(ended.status).toBe(1);
  expect(ended.err).toMatch(
    /^failed: black\.png: The model returned NaN for tile 1 of 1 at scale 1 of 1; .*\n3 images: 2 done, 1 failed\n$/m,
  );
  expect(readdirSync(join(folder, "some")).sort()).toEqual(["gray.safetensors", "other.safetensors"]);
  const all = await s2(["extract", ...images, ...flags(never), "--out", "none"], { cwd: folder });
  expect(all.status).toBe(4);
});

it("fit leaves out the image, counts it, and fits on the others", async () => {
  const set = drawClasses(join(folder, "set"));
  writeFileSync(
    join(set, "train/red/black.png"),
    image(1, () => [-50, -50, -50]),
  );
  const args = ["fit", set, ...flags(notBlack), "--head", "prototypes", "--out", "head", "--store", "store"];
  const ended = await s2(args, { cwd: folder });
  expect(ended.status).toBe(1);
  expect(ended.err).toMatch(/^failed: train\/red\/black\.png: The model returned NaN .*\n$/m);
  expect(ended.out).toContain("1 files could not be used");
  const none = await s2(["fit", set, ...flags(never), "--head", "knn", "--out", "no-head", "--store", "store"], { cwd: folder });
  expect(none.status).toBe(4);
  expect(readdirSync(folder)).not.toContain("no-head");
});

it("advise does not call a fault at twice the size a model that cannot be had", async () => {
  const set = drawClasses(join(folder, "advised"));
  const args = ["advise", set, "--model", notLarge, "--image-size", "32", "--threads", "1", "--head", "ridge"];
  const { status, err, out } = await s2(args, { cwd: folder });
  expect(out).toBe("");
  expect(err).toContain("returned NaN for tile 1 of 1 at scale 1 of 1");
  expect(err).toMatch(/\nerror: None of the 27 images could be used/);
  expect(status).toBe(4);
}, 90_000);

it("advise without a test image that could be used says so", async () => {
  const set = drawClasses(join(folder, "untestable"));
  for (const name of ["blue", "green", "red"])
    for (const file of readdirSync(join(set, "test", name)))
      writeFileSync(
        join(set, "test", name, file),
        image(1, () => [-50, -50, -50]),
      );
  const { status, err } = await s2(["advise", set, ...flags(notBlack).slice(0, 2), "--threads", "1"], { cwd: folder });
  expect(err).toMatch(/\nerror: No test image could be used, so no costs can be measured. See why each failed\.\n$/);
  expect(status).toBe(4);
});

it("float16 files do not hold infinity for what is only too large", async () => {
  const large = model("large", 32, (pooled) => Add(Mul(pooled, 0), 70_000));
  writeFileSync(
    join(folder, "one.png"),
    image(1, () => [120, 120, 120]),
  );
  const args = ["extract", "one.png", ...flags(large)];
  const half = await s2([...args, "--dtype", "float16", "--out", "half"], { cwd: folder });
  expect(half).toMatchObject({
    status: 4,
    err: expect.stringContaining("The features hold 70000, which is too large for float16"),
  });
  expect((await s2([...args, "--out", "single"], { cwd: folder })).status).toBe(0);
});
