/** Config files and token counts of models in the wild, read without any model. */
import { describe, expect, test } from "vitest";
import { readHints } from "../../src/runtimes/hub-config.ts";
import { coresOfCpuinfo, physicalCores } from "../../src/runtimes/node/threads.ts";
import { toFloat32 } from "../../src/runtimes/ort.ts";
import { readTokens } from "../../src/runtimes/tokens.ts";

describe("config files", () => {
  test.each([
    ["ViT", { model_type: "vit", image_size: 224, patch_size: 16 }, { imageSize: [224, 224], patchSize: 16, prefixTokens: [1] }],
    ["DeiT has a distillation token", { model_type: "deit", image_size: 224, patch_size: 16 }, { prefixTokens: [2, 1] }],
    [
      "DINOv2",
      { model_type: "dinov2", image_size: 518, patch_size: 14 },
      { imageSize: [518, 518], patchSize: 14, prefixTokens: [1] },
    ],
    ["DINOv3", { model_type: "dinov3_vit", image_size: 224, patch_size: 16, num_register_tokens: 4 }, { prefixTokens: [5] }],
    [
      "SigLIP by its vision part",
      { model_type: "siglip", vision_config: { model_type: "siglip_vision_model", image_size: 384, patch_size: 14 } },
      { imageSize: [384, 384], patchSize: 14, prefixTokens: [0] },
    ],
    [
      "Swin halves its grid three times",
      { model_type: "swin", image_size: 224, patch_size: 4, depths: [2, 2, 6, 2] },
      { patchSize: 32, prefixTokens: [0] },
    ],
    [
      "timm",
      { architecture: "vit_base_patch16_224", pretrained_cfg: { input_size: [3, 224, 224] } },
      { imageSize: [224, 224], patchSize: 16, prefixTokens: undefined },
    ],
    ["nothing", {}, { imageSize: undefined, patchSize: undefined, prefixTokens: undefined }],
  ])("%s", (_, config, hints) => {
    expect(readHints(config)).toMatchObject(hints);
  });

  test("the preprocessor's crop is the size where config.json is silent", () => {
    expect(readHints({}, { size: { shortest_edge: 248 }, crop_size: { height: 224, width: 224 } }).imageSize).toEqual([224, 224]);
    expect(readHints({}, { size: { height: 384, width: 256 } }).imageSize).toEqual([384, 256]);
  });
});

describe("tokens", () => {
  test("registers are found by counting: 261 tokens of 16x16 patches of 14", () => {
    expect(readTokens({ tokens: 261, size: [224, 224], patchSize: 14 })).toMatchObject({ patchSize: 14, prefixTokens: 5 });
  });
  test("the patch size is found by the family's prefix, on upright images too", () => {
    expect(readTokens({ tokens: 1 + 24 * 16, size: [384, 256], familyPrefixes: [1] })).toMatchObject({
      patchSize: 16,
      prefixTokens: 1,
    });
  });
  test("tokens need not be whole pixels: CrossViT resizes 240 px to 224 px and gives 14x14", () => {
    const found = readTokens({ tokens: 197, size: [240, 240], familyPrefixes: [1] });
    expect(found).toEqual({ patchSize: undefined, prefixTokens: 1, grid: [14, 14] });
  });
  test("a size that is no whole number of patches is cut as the convolution cuts it", () => {
    expect(readTokens({ tokens: 1 + 16 * 16, size: [230, 230], patchSize: 14 })).toMatchObject({
      patchSize: 14,
      prefixTokens: 1,
    });
  });
  test("a Swin of 44 px fills its last patches up: 6x6 tokens of 8 px, not 5x5", () => {
    const swin = { tokens: 36, size: [44, 44] as const, patchSize: 8 };
    expect(readTokens({ ...swin, familyPrefixes: [0] })).toEqual({ patchSize: 8, prefixTokens: 0, grid: [6, 6] });
    expect(readTokens({ ...swin, tokens: 42, size: [44, 52], prefixTokens: 0 })).toMatchObject({ grid: [6, 7] });
    expect(() => readTokens(swin)).toThrow(/Give prefixTokens/); // or 11 prefix tokens before 5x5
  });
  test("fewer tokens than patches is a question: the patch size is wrong or tokens were merged", () => {
    expect(() => readTokens({ tokens: 50, size: [224, 224], patchSize: 16 })).toThrow(
      /14x14, more tokens than there are.*patch size 32/,
    );
  });
  test("more left over than any family has is a question", () => {
    expect(() => readTokens({ tokens: 197, size: [224, 224], patchSize: 32 })).toThrow(/leaves 148 before it/);
  });
});

test("hyperthreads are not cores: two threads a core, two sockets", () => {
  const cpu = (socket: number, core: number) => `processor\t: 0\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
  expect(coresOfCpuinfo([cpu(0, 0), cpu(0, 1), cpu(0, 0), cpu(0, 1), cpu(1, 0)].join("\n"))).toBe(3);
  expect(coresOfCpuinfo("processor\t: 0\nBogoMIPS\t: 50\n")).toBeUndefined();
  expect(physicalCores()).toBeGreaterThan(0);
});

test("float16 outputs become the same numbers in float32", () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x0000, 0x7c00, 0xfc00, 0x7e00);
  const { data } = toFloat32({ type: "float16", dims: [9], data: bits });
  expect([...data]).toEqual([1, -2, 0.333251953125, 2 ** -24, 65504, 0, Infinity, -Infinity, Number.NaN]);
});
