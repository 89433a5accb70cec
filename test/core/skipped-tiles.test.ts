/** Tiles that are not run: the model must not see them, and their tokens are those of the scale before, enlarged. */
import { describe, expect, it } from "vitest";
import { planS2, resize, type S2Plan, s2, type Tensor, type VisionModel } from "../../src/core/index.ts";

const [P, C] = [4, 2];

/** Tokens of 4 px: mean and maximum of each patch's first channel, after one prefix token (the image's mean, and 1); as maps without it. */
function patchModel(layout: "bnc" | "bchw", seen: number[] = []): VisionModel {
  return ({ dims: [n, , h, w], data }) => {
    seen.push(n);
    const [rows, cols] = [h / P, w / P];
    const plane = h * w;
    const prefix = layout === "bnc" ? 1 : 0;
    const tokens = prefix + rows * cols;
    const out = new Float32Array(n * tokens * C);
    for (let i = 0; i < n; i++) {
      const image = data.subarray(i * plane, (i + 1) * plane);
      for (let t = 0; t < rows * cols; t++) {
        let [sum, most] = [0, Number.NEGATIVE_INFINITY];
        for (let y = 0; y < P; y++)
          for (let x = 0; x < P; x++) {
            const value = image[(Math.floor(t / cols) * P + y) * w + (t % cols) * P + x];
            sum += value;
            most = Math.max(most, value);
          }
        [sum / (P * P), most].forEach((value, c) => {
          if (prefix) out[(i * tokens + 1 + t) * C + c] = value;
          else out[(i * C + c) * tokens + t] = value;
        });
      }
      if (prefix) out.set([image.reduce((a, b) => a + b, 0) / plane, 1], i * tokens * C);
    }
    return { dims: layout === "bnc" ? [n, tokens, C] : [n, C, rows, cols], data: out };
  };
}

const images: Tensor = {
  dims: [2, 1, 16, 16],
  data: Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * i * 0.01) + i / 300),
};

const planOf = (layout: "bnc" | "bchw", skipped: readonly (readonly number[])[]): S2Plan => {
  const plan = planS2(
    { height: 16, width: 16 },
    {
      scales: [1, 2, 4],
      maxSplitSize: 16,
      outputShape: layout,
      numPrefixToken: layout === "bnc" ? 1 : 0,
      outputScale: "finest",
      fusion: "bilinear",
      splitForward: 3,
    },
  );
  const scales = plan.scales.map((scale, i) => ({ ...scale, skipped: skipped[i] }));
  return { ...plan, scales, tiles: scales.reduce((sum, { tiles, skipped = [] }) => sum + tiles.length - skipped.length, 0) };
};

/** Channels of a scale as a map [2, C, 16, 16]. */
function scaleMap({ dims, data }: Tensor, scale: number): Float32Array {
  const out = new Float32Array(2 * C * 256);
  for (let b = 0; b < 2; b++)
    for (let c = 0; c < C; c++)
      for (let t = 0; t < 256; t++)
        out[(b * C + c) * 256 + t] =
          dims.length === 4 ? data[(b * 3 * C + scale * C + c) * 256 + t] : data[(b * 257 + 1 + t) * 3 * C + scale * C + c];
  return out;
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

describe.each(["bnc", "bchw"] as const)("%s", (layout) => {
  it("a scale without any tile is the scale before, enlarged as torch's bilinear", async () => {
    const model = patchModel(layout);
    const all = [0, 1, 2, 3];
    const features = await s2(model, images, planOf(layout, [[], all, []]));
    const own = await s2(model, images, { scales: [1], outputShape: layout, numPrefixToken: layout === "bnc" ? 1 : 0 });
    const map = new Float32Array(2 * C * 16);
    for (let b = 0; b < 2; b++)
      for (let c = 0; c < C; c++)
        for (let t = 0; t < 16; t++)
          map[(b * C + c) * 16 + t] = layout === "bchw" ? own.data[(b * C + c) * 16 + t] : own.data[(b * 17 + 1 + t) * C + c];
    const onTwo = resize({ dims: [2, C, 4, 4], data: map }, [8, 8], { mode: "bilinear" });
    const onFour = resize(onTwo, [16, 16], { mode: "bilinear" }).data;
    expect(apart(scaleMap(features, 1), onFour)).toBeLessThan(1e-5);
    if (layout === "bnc") expect(features.data.slice(2, 4)).toEqual(own.data.slice(0, 2)); // the prefix token is that of the scale before
  });

  it("the model sees the other tiles alone, and what they give is what it would be", async () => {
    const seen: number[] = [];
    const plan = planOf(layout, [[], [1, 2], [0, 5, 15]]);
    const progress: number[] = [];
    const some = await s2(patchModel(layout, seen), images, {
      ...plan,
      onProgress: ({ tiles, of }) => progress.push(tiles / of),
    });
    const full = await s2(patchModel(layout), images, planOf(layout, []));
    expect([seen.reduce((a, b) => a + b, 0), plan.tiles, progress.at(-1)]).toEqual([2 * (1 + 2 + 13), 16, 1]);
    const [got, expected] = [scaleMap(some, 2), scaleMap(full, 2)];
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 16; x++) {
        const tile = Math.floor(y / 4) * 4 + Math.floor(x / 4);
        if (![0, 5, 15].includes(tile)) expect(got[y * 16 + x]).toBeCloseTo(expected[y * 16 + x], 5);
      }
    expect(apart(got, expected)).toBeGreaterThan(0.01);
  });
});

it("nothing changes where no tile is skipped", async () => {
  const full = planOf("bnc", []);
  expect((await s2(patchModel("bnc"), images, planOf("bnc", [[], [], []]))).data).toEqual(
    (await s2(patchModel("bnc"), images, full)).data,
  );
});

it("the output's scale by name is that of most or of fewest pixels, in whatever order the scales are", () => {
  const outputScale = (name: "finest" | "coarsest") =>
    planS2({ height: 16, width: 16 }, { scales: [2, 4, 1], maxSplitSize: 16, outputScale: name }).outputScale;
  expect([outputScale("finest"), outputScale("coarsest")]).toEqual([1, 2]);
});
