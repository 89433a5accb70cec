/** The variants that a hub file may hide, and what is refused instead of being computed wrong. */
import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/models/build.ts";
import { inverse, unrolledPositions } from "../../src/models/hiera.ts";
import { cutWindows, mergeOrder, relativePositions } from "../../src/models/windows.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import { goldenFolders, readConfig, readWeights, runFile } from "./golden-model.ts";

it.each([
  { model_type: "convnext" },
  { model_type: "swin" },
  { model_type: "swinv2" },
  { model_type: "hiera" },
  ...["convnext_tiny", "swin_s3_tiny_224", "swinv2_tiny_window8_256", "hiera_tiny_224"].map((architecture) => ({ architecture })),
])("%j with another model's weights is refused by the name of what is missing", (config) => {
  const other = writeSafetensors({ "text.weight": { dtype: "F32", dims: [2], data: new Float32Array(2) } });
  expect(() => buildModel(config, other)).toThrow(expect.objectContaining({ code: "weights" }));
});

const pixels = (height: number, width: number): StoredTensor => ({
  dtype: "F32",
  dims: [1, 3, height, width],
  data: Float32Array.from({ length: 3 * height * width }, (_, i) => Math.sin(i * i)),
});

it("shifted windows: timm rolls before it pads, transformers after, and what was rolled in is a region of its own", () => {
  const cut = { size: [2, 2], shift: [1, 1] } as const;
  const padsLast = cutWindows([3, 3], { ...cut, padsFirst: false });
  expect([...padsLast.order]).toEqual([4, 5, 7, 8, 3, 9, 6, 9, 1, 2, 9, 9, 0, 9, 9, 9]);
  const padsFirst = cutWindows([3, 3], { ...cut, padsFirst: true });
  expect([...padsFirst.order]).toEqual([4, 5, 7, 8, 9, 3, 9, 6, 9, 9, 1, 2, 9, 9, 9, 0]);
  expect([...padsFirst.regions!]).toEqual([0, 0, 0, 0, 1, 2, 1, 2, 3, 3, 6, 6, 4, 5, 7, 8]);
  for (const { order, positions } of [padsLast, padsFirst])
    expect([...positions].map((place) => order[place])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

it("relative positions of a 1x2 window and the order in which four patches merge", () => {
  expect([...relativePositions([1, 2])]).toEqual([1, 0, 2, 1]);
  expect([...mergeOrder([2, 3])]).toEqual([0, 3, 1, 4, 2, 5, 6, 6]);
});

it("Hiera's order: a token's block is spread over a leading axis of 4", () => {
  const tokens = inverse(unrolledPositions([2, 4], 2, 1));
  expect([...tokens]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
});

const fixture = (name: string) => goldenFolders(new RegExp(`^${name}$`))[0];

/** The golden model with other tensors or config values. */
function changed(
  name: string,
  config: object,
  rename: (tensor: string) => string | undefined = (tensor) => tensor,
): [object, Uint8Array] {
  const { tensors } = readSafetensors(readWeights(fixture(name)));
  const kept = Object.entries(tensors).flatMap(([tensor, value]) =>
    rename(tensor) === undefined ? [] : [[rename(tensor), value]],
  );
  return [{ ...readConfig(fixture(name)), ...config }, writeSafetensors(Object.fromEntries(kept))];
}

const args = (name: string) => readConfig(fixture(name)).model_args as object;

describe("variants", () => {
  it.each(["timm-swin", "timm-swinv2"])(
    "%s as timm before 0.9 stored it: downsample after its stage, head without fc",
    async (name) => {
      const old = changed(name, {}, (tensor) =>
        tensor.replace(/^layers\.(\d+)\.downsample/, (_, i) => `layers.${i - 1}.downsample`).replace("head.fc.", "head."),
      );
      const [expected, got] = await Promise.all(
        [changed(name, {}), old].map(async (files) => (await runFile(buildModel(...files), pixels(32, 32))).output.data),
      );
      expect(got).toEqual(expected);
    },
  );

  it.each(["hf-convnext", "timm-convnext", "hf-swin", "timm-swinv2", "hf-hiera", "timm-hiera-abswin"])(
    "%s has all its stages as maps, each half as large as the one before",
    async (name) => {
      const image = pixels(64, 64);
      const own = name.startsWith("hf-hiera") ? [64, 32] : name.startsWith("timm-hiera") ? [32, 64] : [64, 64];
      const size = own as [number, number];
      const outputs = ["stages.0", "stages.1", "stages.2"];
      const maps = await runFile(buildModel(...changed(name, {}), { outputs, imageSize: size }), {
        ...image,
        ...pixels(...size),
      });
      const [first, second, third] = outputs.map((output) => maps[output].dims);
      expect(second.slice(2)).toEqual(first.slice(2).map((side) => side / 2));
      expect(third.slice(2)).toEqual(second.slice(2).map((side) => side / 2));
    },
  );

  it("pretraining's ConvNeXt without its last norm has features, not pooled ones", async () => {
    const files = changed("timm-convnext", {}, (tensor) => (tensor.startsWith("head.") ? undefined : tensor));
    const outputs = await runFile(buildModel(...files), pixels(40, 40));
    expect(Object.keys(outputs)).toEqual(["forward_features"]);
  });

  it.each([
    ["hf-swin", { use_absolute_embeddings: true }, "use_absolute_embeddings"],
    ["hf-swin", { hidden_act: "mish" }, "The activation is mish"],
    ["hf-hiera", { num_heads: [1, 3, 4, 8] }, "8 channels do not divide into 3 heads"],
    ["timm-swin", { architecture: "swinv2_cr_tiny_224" }, "timm's swinv2_cr_tiny_224"],
    ["timm-convnext", { architecture: "convnext_atto_rms" }, "its norms are not layer norms"],
    ["timm-convnext", { model_args: { output_stride: 8 } }, "model_args.output_stride 8"],
    ["timm-swin", { model_args: { window_size: 4, always_partition: true } }, "model_args.always_partition true"],
    ["timm-hiera", { model_args: { global_pool: "max" } }, 'model_args.global_pool "max"'],
  ])("%s with %j is refused", (name, config, words) => {
    expect(() => buildModel(...changed(name, config))).toThrow(
      expect.objectContaining({ code: "architecture", message: expect.stringContaining(words) }),
    );
  });

  it.each([
    ["hf-swin", [16, 16], "need 9 relative positions"],
    ["timm-hiera", [64, 64], "positions for 16x8"],
    ["hf-hiera", [48, 48], "multiples of 32 pixels"],
  ] as const)("%s at %j pixels is refused", (name, imageSize, words) => {
    expect(() => buildModel(...changed(name, {}), { imageSize })).toThrow(
      expect.objectContaining({ code: "input", message: expect.stringContaining(words) }),
    );
  });

  it("names a tensor that is missing as the file would have it", () => {
    const files = changed("hf-swin", {}, (tensor) => (tensor.includes("patch_embeddings") ? undefined : tensor));
    expect(() => buildModel(...files)).toThrow(
      expect.objectContaining({
        code: "weights",
        message: expect.stringContaining("embeddings.patch_embeddings.projection.weight"),
      }),
    );
  });

  it("arguments of training are no reason to refuse", () => {
    const model_args = { ...args("timm-swin"), drop_path_rate: 0.2, global_pool: "avg", always_partition: false, num_classes: 5 };
    expect(buildModel(...changed("timm-swin", { model_args })).length).toBeGreaterThan(0);
  });
});
