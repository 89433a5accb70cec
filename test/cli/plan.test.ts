/** `s2 plan` and `s2 inspect`: what is said before anything runs must be what would run. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { planImage } from "../../src/features/index.ts";
import { drawImage, s2, tempFolder, tiny } from "./s2.ts";

it("the table for a 1920x1080 image", async () => {
  const { status, out, err } = await s2(["plan", "1920x1080", "--scales", "1,2,3", "--patch-size", "16"]);
  expect([status, err]).toEqual([0, ""]);
  expect(out).toBe(`\
image   1920x1080 px
tile    224x224 px (assumed; --model or --max-split-size say otherwise)

scale  size      canvas    padding  tiles       grid     of the image
0 *    224x224   224x224   -        1 x 1 = 1   14 x 14  0.21x
1      800x448   800x448   -        2 x 4 = 8   28 x 50  0.42x
2      1200x672  1200x672  -        3 x 6 = 18  42 x 75  0.63x

27 tiles; the output has the grid of scale 0 (*): 14 x 14 tokens
`);
});

it("a model's sizes and channels, an image's own size, warnings", async () => {
  const image = await drawImage(join(tempFolder(), "photo.png"), 50, 40);
  const { status, out } = await s2(["plan", image, ...tiny, "--scales", "1,2"]);
  expect(status).toBe(0);
  expect(out).toContain("image   50x40 px\ntile    32x32 px (of ");
  expect(out).toContain("4 x 4 tokens of 8 channels");
  expect(out).toMatch(/note: .*1\.6 times larger than what the image has/);
});

it("--json is the library's plan", async () => {
  const { out } = await s2([
    "plan",
    "640x480",
    "--max-split-size",
    "32",
    "--img-sizes",
    "64",
    "--fit",
    "squash",
    "--patch-size",
    "8",
    "--json",
  ]);
  const traits = { imageSize: [32, 32], dynamicSize: true, patchSize: 8 } as const;
  const plan = planImage({ width: 640, height: 480 }, { imgSizes: [64], maxSplitSize: 32, fit: "squash" }, traits);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(plan)));
});

it("Dynamic S² keeps square scales and follows the image in the last", async () => {
  const sizes = ["--img-sizes", "448,896,1344", "--max-tiles", "12"];
  const { status, out } = await s2(["plan", "1920x1080", "--dynamic", ...sizes]);
  expect(status).toBe(0);
  for (const line of [/^0 \* +448x448 .* 1 x 1 = 1 /m, /^1 +896x896 .* 2 x 2 = 4 /m, /^2 +1792x1344 .* 3 x 4 = 12 /m]) {
    expect(out).toMatch(line);
  }
});

it("too many tiles are refused, and the flag that is advised takes them", async () => {
  const { status, err } = await s2(["plan", "3000x2"]);
  expect([status, err]).toEqual([2, expect.stringContaining("3000x2 px would be cut into 6001 tiles")]);
  const [, flag, tiles] = /raise (--[a-z-]+) to (\d+)/.exec(err)!;
  expect(await s2(["plan", "3000x2", flag, tiles])).toMatchObject({ status: 0, out: expect.stringContaining("6001 tiles;") });
  const dynamic = ["plan", "3000x2", "--dynamic", "--max-tiles", "1000000000"];
  expect(await s2(dynamic)).toMatchObject({ status: 2, err: expect.stringContaining("the limit is 1024") });
});

it("an image that cannot be read ends with 4", async () => {
  expect(await s2(["plan", "absent.jpg"])).toMatchObject({ status: 4, err: expect.stringContaining("absent.jpg") });
});

it("inspect tells what the model is taken for, in words and as JSON", async () => {
  const flags = ["inspect", tiny[1], "--patch-size", "8"];
  const { status, out } = await s2(flags);
  expect(status).toBe(0);
  for (const row of [
    /^image size +32x32 px alone \(the fixed shape of pixel_values\)$/m,
    /^features +tokens \[b, n, c\] \(last_hidden_state is \[1, 17, 4\] for one image of 32x32\)$/m,
    /^patch +8 px \(the first convolution, of 8x8 in steps of 8\)$/m,
    /^prefix tokens +1 \(17 tokens less a grid of 16\)$/m,
    /^outputs +last_hidden_state$/m,
    /^parameters +\d+$/m,
    /^multiply-adds +12288 a tile \(/m,
    /^made by .*operator set \d+$/m,
  ]) {
    expect(out).toMatch(row);
  }
  expect(JSON.parse((await s2([...flags, "--json"])).out)).toMatchObject({
    source: tiny[1],
    outputs: ["last_hidden_state"],
    traits: { imageSize: [32, 32], patchSize: 8, prefixTokens: 1, layout: "bnc", channels: 4, multiplyAdds: 12288 },
    report: { patchSize: { value: 8 }, multiplyAdds: { value: 12288 } },
    preprocessing: { mean: [0.485, 0.456, 0.406], filter: "bicubic" },
  });
});
