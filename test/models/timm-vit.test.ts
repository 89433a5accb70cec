/** timm's ViT architectures by name: real hub configs have nothing else to tell heads, norms and activations by. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { activationName, epsilonOf, headsOf, poolOf } from "../../src/models/vit-timm.ts";

interface Known {
  family: string;
  heads: number;
  eps: number;
  act: string;
  pool: string;
  mlp: string;
  norm: string;
  shapes: { classToken: boolean };
}

// scripts/dump-timm-architectures.py: what timm's registry says.
const file = new URL("timm-architectures.json", import.meta.url);
const { architectures } = JSON.parse(readFileSync(file, "utf8")) as { architectures: Record<string, Known> };
const vits = Object.entries(architectures).filter(([name]) => /^(vit|deit|deit3|flexivit|eva_large)_|^test_vit\d?$/.test(name));

describe("what cannot be read off the tensors", () => {
  it("is known of more than a hundred architectures", () => expect(vits.length).toBeGreaterThan(100));

  it.each(vits)("%s", (name, { heads, eps, act, pool, mlp, norm, shapes }) => {
    const has = (tensor: string) =>
      ({ cls_token: shapes.classToken, "attn_pool.latent": pool === "map", "fc_norm.weight": norm === "fc" })[tensor] ?? false;
    expect({ heads: headsOf(name), eps: epsilonOf(name), pool: poolOf(name, { has }) }).toEqual({ heads, eps, pool });
    if (mlp === "mlp") expect(activationName(name)).toBe(act);
  });
});
