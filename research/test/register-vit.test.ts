/** A register at test time: without neurons the graph is the model, and with them their values leave all tokens but the added one. */
import { buildModel } from "s2-vision/models";
import { loadModel, openGraph, writeSafetensors } from "s2-vision/node";
import { describe, expect, it } from "vitest";
import { type RegisterOptions, registerVit, type VitWeights } from "../src/register-vit.ts";

const [side, patch, dim, wide] = [32, 8, 64, 96];
const images = {
  dims: [2, 3, side, side],
  data: Float32Array.from({ length: 2 * 3 * side * side }, (_, i) => Math.sin(i * 0.37)),
};

function weights(depth: number): VitWeights {
  const dims: Record<string, number[]> = {
    ...{ "patch_embed.proj.weight": [dim, 3, patch, patch], "patch_embed.proj.bias": [dim], cls_token: [1, 1, dim] },
    ...{ pos_embed: [1, 17, dim], "norm.weight": [dim], "norm.bias": [dim] },
  };
  for (let i = 0; i < depth; i++) {
    const sizes = { "attn.qkv": 3 * dim, "attn.proj": dim, "mlp.fc1": wide, "mlp.fc2": dim };
    for (const [name, rows] of Object.entries(sizes)) {
      dims[`blocks.${i}.${name}.weight`] = [rows, name === "mlp.fc2" ? wide : dim];
      dims[`blocks.${i}.${name}.bias`] = [rows];
    }
    for (const name of ["norm1", "norm2"]) for (const kind of ["weight", "bias"]) dims[`blocks.${i}.${name}.${kind}`] = [dim];
  }
  let seed = 0;
  const filled = (size: readonly number[]) =>
    Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => Math.sin(++seed * 12.9898) * 0.2);
  return {
    tensors: Object.fromEntries(Object.entries(dims).map(([name, size]) => [name, { dims: size, data: filled(size) }])),
    side,
    heads: 1,
  };
}

/** The weights without what one neuron of the first block adds to tokens. */
function without(channel: number, { tensors, ...rest }: VitWeights): VitWeights {
  const { dims, data } = tensors["blocks.0.mlp.fc2.weight"];
  const silent = data.map((value, i) => (i % wide === channel ? 0 : value));
  return { ...rest, tensors: { ...tensors, "blocks.0.mlp.fc2.weight": { dims, data: silent } } };
}

async function run(vit: VitWeights, options?: RegisterOptions): Promise<{ dims: readonly number[]; data: Float32Array }> {
  const graph = await openGraph(registerVit(vit, options), { threads: 1 });
  const { tokens } = await graph.run({ pixel_values: images });
  await graph.close();
  return tokens as { dims: readonly number[]; data: Float32Array };
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe("registerVit", () => {
  it("is the model without neurons, with the length before the last norm in one more channel", async () => {
    const vit = weights(2);
    const stored = Object.fromEntries(
      Object.entries(vit.tensors).map(([name, { dims, data }]) => [name, { dtype: "F32" as const, dims, data }]),
    );
    const args = { img_size: side, patch_size: patch, embed_dim: dim, depth: 2, num_heads: 1, num_classes: 0 };
    const config = { architecture: "vit_tiny_patch16_224", num_classes: 0, model_args: args };
    const model = await loadModel(buildModel(config, writeSafetensors(stored)), { threads: 1 });
    const [expected, { dims, data }] = [await model(images), await run(vit)];
    await model.dispose();
    expect(dims).toEqual([2, 17, dim + 1]);
    const tokens = data.filter((_, i) => i % (dim + 1) < dim);
    expect(largestDifference(tokens, expected.data)).toBeLessThan(1e-3);
    expect(data.filter((_, i) => i % (dim + 1) === dim).every((length) => length > 0.1)).toBe(true);
  });

  it("takes a register neuron's values from all tokens of an image", async () => {
    const [vit, neurons] = [weights(1), [{ block: 0, channel: 5 }]];
    const moved = await run(vit, { neurons });
    expect(largestDifference(moved.data, (await run(without(5, vit), { neurons })).data)).toBeLessThan(1e-6);
    expect(largestDifference(moved.data, (await run(vit, { neurons: [{ block: 0, channel: 6 }] })).data)).toBeGreaterThan(1e-4);
  });

  it("gives them to the added token, which the next block sees", async () => {
    const [vit, neurons] = [weights(2), [{ block: 0, channel: 5 }]];
    const [moved, dropped] = [await run(vit, { neurons }), await run(without(5, vit), { neurons })];
    expect(moved.dims).toEqual([2, 17, dim + 1]);
    expect(largestDifference(moved.data, dropped.data)).toBeGreaterThan(1e-6);
  });
});
