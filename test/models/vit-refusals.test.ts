/** Files and configs that would give wrong numbers are refused by name: who mixes up two models' files reads what is wrong, not NaN. */
import { expect, it } from "vitest";
import { buildModel } from "../../src/models/build.ts";
import { opsetOf, readOnnx } from "../../src/onnx/index.ts";
import { writeSafetensors } from "../../src/tensors/index.ts";

type Shapes = Record<string, readonly number[]>;

const dim = 8;
const affine = (name: string, features: number, inputs: number): Shapes => ({
  [`${name}.weight`]: [features, inputs],
  [`${name}.bias`]: [features],
});
const norm = (name: string): Shapes => ({ [`${name}.weight`]: [dim], [`${name}.bias`]: [dim] });

/** One block, two heads, patches of 4 in images of 8. */
const hub: Shapes = {
  "embeddings.cls_token": [1, 1, dim],
  "embeddings.position_embeddings": [1, 5, dim],
  "embeddings.patch_embeddings.projection.weight": [dim, 3, 4, 4],
  "embeddings.patch_embeddings.projection.bias": [dim],
  ...affine("encoder.layer.0.attention.attention.query", dim, dim),
  ...affine("encoder.layer.0.attention.attention.key", dim, dim),
  ...affine("encoder.layer.0.attention.attention.value", dim, dim),
  ...affine("encoder.layer.0.attention.output.dense", dim, dim),
  ...affine("encoder.layer.0.intermediate.dense", 12, dim),
  ...affine("encoder.layer.0.output.dense", dim, 12),
  ...{ ...norm("encoder.layer.0.layernorm_before"), ...norm("encoder.layer.0.layernorm_after"), ...norm("layernorm") },
  ...affine("pooler.dense", dim, dim),
};
const hubConfig = {
  ...{ model_type: "vit", hidden_size: dim, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 12 },
  ...{ image_size: 8, patch_size: 4 },
};

const timm: Shapes = {
  ...{ cls_token: [1, 1, dim], pos_embed: [1, 5, dim] },
  "patch_embed.proj.weight": [dim, 3, 4, 4],
  "patch_embed.proj.bias": [dim],
  ...affine("blocks.0.attn.qkv", 3 * dim, dim),
  ...affine("blocks.0.attn.proj", dim, dim),
  ...affine("blocks.0.mlp.fc1", 12, dim),
  ...affine("blocks.0.mlp.fc2", dim, 12),
  ...{ ...norm("blocks.0.norm1"), ...norm("blocks.0.norm2"), ...norm("norm") },
  ...affine("head", 5, dim),
};
const timmConfig = { architecture: "vit_tiny_patch16_224", model_args: { img_size: 8, num_heads: 2 } };

function file(shapes: Shapes): Uint8Array {
  const tensors = Object.entries(shapes).map(([name, dims]) => {
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1)).fill(0.5);
    return [name, { dtype: "F32" as const, dims, data }] as const;
  });
  return writeSafetensors(Object.fromEntries(tensors));
}

const refusal = (code: string, ...words: string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(new RegExp(words.map((word) => `(?=.*${word})`).join(""), "s")),
  });

it.each([
  ["transformers", hubConfig, hub, ["last_hidden_state", "pooler_output"]],
  ["timm", timmConfig, timm, ["forward_features", "pre_logits", "output"]],
] as const)("as they are, the files of %s are built with their main outputs", (_, config, shapes, outputs) => {
  const model = readOnnx(buildModel(config, file(shapes)));
  expect(opsetOf(model)).toBe(20);
  expect(model.graph.output?.map(({ name }) => name)).toEqual(outputs);
});

it.each([
  ...Object.keys(hub).map((name) => [name, hubConfig, hub] as const),
  ...Object.keys(timm).map((name) => [name, timmConfig, timm] as const),
])("without %s", (name, config, shapes) => {
  const { [name]: _, ...rest } = shapes;
  expect(() => buildModel(config, file(rest))).toThrow(refusal("weights", name.replaceAll(".", "\\."), "is missing"));
});

it.each([
  ["encoder.layer.0.intermediate.dense.weight", [13, dim], "expected \\[12, 8\\]"],
  ["embeddings.position_embeddings", [1, 6, dim], "expected \\[1, 5, 8\\]"],
])("%s of another shape", (name, dims, expected) => {
  expect(() => buildModel(hubConfig, file({ ...hub, [name]: dims }))).toThrow(
    refusal("weights", name.replaceAll(".", "\\."), expected),
  );
});

it("tensors that the model does not read, since a norm of queries left out gives other numbers", () => {
  const more = { "blocks.0.attn.q_norm.weight": [4], "blocks.0.attn.k_norm.weight": [4] };
  expect(() => buildModel(timmConfig, file({ ...timm, ...more }))).toThrow(
    refusal("weights", "blocks\\.0\\.attn\\.q_norm\\.weight \\[4\\] is not of this model"),
  );
});

it("a block more than the config says", () => {
  const more = affine("encoder.layer.1.intermediate.dense", 12, dim);
  expect(() => buildModel(hubConfig, file({ ...hub, ...more }))).toThrow(refusal("weights", "encoder\\.layer\\.1"));
});

it("what only pretraining has is not missed", () => {
  const more = { "embeddings.mask_token": [1, 1, dim], "decoder.0.weight": [4, dim, 1, 1], "embeddings.position_ids": [1, 5] };
  expect(() => buildModel(hubConfig, file({ ...hub, ...more }))).not.toThrow();
});

it.each([
  ["hidden_act", { hidden_act: "laplace" }, "laplace.*gelu"],
  ["heads", { num_attention_heads: 3 }, "8 channels do not divide into 3 heads"],
  ["patch_size", { patch_size: [4, 2] }, "patch_size"],
  ["model_type", { model_type: "beit" }, "beit.*dinov2"],
  ["hidden_size", { hidden_size: "wide" }, "hidden_size"],
])("a config with a %s that cannot be built", (_, change, words) => {
  expect(() => buildModel({ ...hubConfig, ...change }, file(hub))).toThrow(refusal("architecture", words));
});

it.each([
  ["norm_layer", { norm_layer: "rmsnorm" }],
  ["qk_norm", { qk_norm: true }],
  ["global_pool", { global_pool: "prr" }],
  ["block_fn", { block_fn: "ParallelScalingBlock" }],
])("timm's model_args with a %s that cannot be built", (name, change) => {
  const config = { ...timmConfig, model_args: { ...timmConfig.model_args, ...change } };
  expect(() => buildModel(config, file(timm))).toThrow(refusal("architecture", name));
});

it.each(["vit_base_patch16_rope_224", "vit_relpos_base_patch16_224", "vit_base_r50_s16_224", "eva_giant_patch14_224"])(
  "timm's %s, which has parts of its own",
  (architecture) => {
    expect(() => buildModel({ architecture }, file(timm))).toThrow(refusal("architecture", architecture));
  },
);

it("an output that the model does not have, with the nearest that it has", () => {
  expect(() => buildModel(hubConfig, file(hub), { outputs: ["last_hiden_state"] })).toThrow(
    refusal("output", "last_hiden_state", "Did you mean last_hidden_state\\?"),
  );
});

it("the output of a classifier that the file does not have, rather than its features", () => {
  const headless = Object.fromEntries(Object.entries(timm).filter(([name]) => !name.startsWith("head.")));
  const build = (num_classes: number) => buildModel({ ...timmConfig, num_classes }, file(headless), { outputs: ["output"] });
  expect(() => build(5)).toThrow(refusal("output", "it has forward_features, pre_logits"));
  expect(() => build(0)).not.toThrow();
});

it("images smaller than a patch", () => {
  expect(() => buildModel(hubConfig, file(hub), { imageSize: [8, 3] })).toThrow(refusal("input", "3x8"));
});

it("hidden_states.-N counts from the last to the first, and not beyond", () => {
  const outputs = (...names: string[]) =>
    readOnnx(buildModel(hubConfig, file(hub), { outputs: names })).graph.output!.map(({ name }) => name);
  expect(outputs("hidden_states.-1")).toEqual(["hidden_states.1"]); // embeddings and one block
  expect(outputs("hidden_states.-2")).toEqual(["hidden_states.0"]);
  for (const beyond of ["hidden_states.-3", "hidden_states.-12", "last_hidden_state.-1"])
    expect(() => outputs(beyond)).toThrow(refusal("output", `no output ${beyond}`));
});
