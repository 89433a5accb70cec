/** NaN and infinity: a damaged model or an image that was divided by zero must not become features. */
import { describe, expect, it } from "vitest";
import { argmax, checkFinite, firstNotFinite } from "../../src/core/finite.ts";
import { s2, type Tensor, type VisionModel } from "../../src/core/index.ts";
import { toFloat32 } from "../../src/runtimes/ort.ts";

const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe("firstNotFinite", () => {
  it.each(bad)("finds %s wherever it stands", (value) => {
    for (const length of [1, 3, 4, 5, 8, 11]) {
      for (let at = 0; at < length; at++) {
        const data = new Float32Array(length).fill(-3.4e38);
        data[at] = value;
        if (at + 1 < length) data[length - 1] = Number.NaN;
        expect(firstNotFinite(data)).toBe(at);
      }
    }
  });

  it("passes all finite numbers, also the largest, whose sum is not finite", () => {
    expect(firstNotFinite(Float32Array.of(3.4e38, 3.4e38, -0, 1e-45, -3.4e38))).toBe(-1);
    expect(firstNotFinite(Float64Array.of(1.7e308, 1.7e308, 1.7e308, 1.7e308, 1.7e308, 1.7e308))).toBe(-1);
    expect(firstNotFinite(new Float32Array(0))).toBe(-1);
  });
});

describe("checkFinite", () => {
  it.each([0, 2])("names the number at %i and where it stands; finite numbers pass", (at) => {
    const data = Float32Array.of(1, 2, 3);
    expect(checkFinite(data, "The output")).toBeUndefined();
    data[at] = Number.NEGATIVE_INFINITY;
    const message = expect.stringContaining(`The output has -Infinity at ${at} of 3 numbers`);
    expect(() => checkFinite(data, "The output")).toThrow(expect.objectContaining({ code: "not-finite", message }));
  });
});

describe("argmax", () => {
  it("is the first of equals, within its range", () => {
    expect(argmax([1, 3, 3, 2])).toBe(1);
    expect(argmax([9, 1, 3, 3, 9], 1, 3)).toBe(1);
    expect(argmax([9, 1, 3, 3, 9], 1)).toBe(3);
    expect(argmax([Number.NEGATIVE_INFINITY, -1e30, -1e30])).toBe(1);
  });

  it.each([0, 1, 2])("refuses NaN at %i: no class is the largest", (at) => {
    const values = [1, 2, 3].map((value, i) => (i === at ? Number.NaN : value));
    expect(() => argmax(values)).toThrow(expect.objectContaining({ code: "not-finite" }));
    expect(() => argmax([4, 5, ...values, 6], 2, 3)).toThrow(`Score ${2 + Math.max(at, 0)} of 6 is NaN`);
  });
});

/** Patches of 4 px become tokens of 2 channels; `spoil` sees each tile's number within its run. */
const model = (spoil: (tile: number, data: Float32Array, run: number) => void): VisionModel =>
  ((run) => (images: Tensor) => {
    run++;
    const tokens = (images.dims[2] / 4) * (images.dims[3] / 4);
    const data = new Float32Array(images.dims[0] * tokens * 2).fill(1);
    for (let tile = 0; tile < images.dims[0]; tile++) spoil(tile, data.subarray(tile * tokens * 2, (tile + 1) * tokens * 2), run);
    return { dims: [images.dims[0], tokens, 2], data };
  })(0);

const images = (batch = 1): Tensor => ({ dims: [batch, 3, 8, 8], data: new Float32Array(batch * 192).fill(0.5) });

describe("s2", () => {
  it.each(bad)("names scale, tile and token of a model's %s before it is merged", async (value) => {
    const damaged = model((tile, data, run) => {
      if (run === 2 && tile === 2) data[5] = value;
    });
    const work = s2(damaged, images(), { scales: [1, 2] });
    const where = "for tile 3 of 4 at scale 2 of 2";
    await expect(work).rejects.toMatchObject({ code: "not-finite", message: expect.stringContaining(`${value} ${where}`) });
  });

  it("names the image of a batch", async () => {
    const damaged = model((tile, data, run) => {
      if (run === 2 && tile === 5) data[0] = Number.NaN;
    });
    const work = s2(damaged, images(2), { scales: [1, 2] });
    await expect(work).rejects.toThrow("NaN for tile 3 of 4 of image 2 at scale 2 of 2");
  });

  it("names the tile of a map", async () => {
    const maps: VisionModel = () => ({ dims: [1, 2, 2, 2], data: Float32Array.of(0, 0, 0, 0, 0, Number.NaN, 0, 0) });
    await expect(s2(maps, images(), { scales: [1], outputShape: "bchw" })).rejects.toThrow("for tile 1 of 1 at scale 1 of 1");
  });

  it("refuses float16 outputs that overflowed", async () => {
    const overflowed: VisionModel = ({ dims }) =>
      toFloat32({ type: "float16", dims: [dims[0], 4, 1], data: new Uint16Array(dims[0] * 4).fill(0x7c00) });
    await expect(s2(overflowed, images(), { scales: [1] })).rejects.toMatchObject({ code: "not-finite" });
  });

  it("refuses images that are not finite before the model runs", async () => {
    let runs = 0;
    const counting = model(() => runs++);
    const given = images(2);
    given.data[192 + 64 + 9] = Number.NaN;
    const work = s2(counting, given, { scales: [1, 2] });
    await expect(work).rejects.toMatchObject({
      code: "image",
      message: expect.stringContaining("Image 1 has NaN;"),
    });
    expect(runs).toBe(0);
  });
});
