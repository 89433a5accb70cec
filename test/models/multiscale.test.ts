/** CrossViT, MViTv2 and Focal Transformer from hub files: who swaps timm or the authors' code for a built graph must see the same numbers. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readTimm as readCrossVit } from "../../src/models/crossvit-config.ts";
import { readFocal } from "../../src/models/focal-config.ts";
import { readTimm as readMvit } from "../../src/models/mvit-config.ts";
import { makeWeights } from "../../src/models/weights.ts";
import { goldenErrors, goldenFolders } from "./golden-model.ts";
import { hasGolden, relatedFolder } from "./related-goldens.ts";

const names = ["timm-mvitv2", "timm-mvitv2-cls", "timm-crossvit", "timm-crossvit-dagger", "authors-focal", "authors-focal-conv"];
const twins = goldenFolders(/crossvit|mvitv2|focal(?!net)/).filter(
  (folder) => !names.some((name) => relatedFolder(name) === folder),
);

async function check(folder: string) {
  const errors = await goldenErrors(folder);
  expect(Object.entries(errors).filter(([, error]) => !(error <= 1e-4))).toEqual([]);
  expect(Object.keys(errors).length).toBeGreaterThanOrEqual(3);
}

for (const name of names)
  it.skipIf(!hasGolden(name))(`${name} (where ../shared/fixtures/arch-related is beside the repository)`, () =>
    check(relatedFolder(name)),
  );
if (twins.length > 0) it.each(twins)("%s", check);

interface Known {
  family: string;
  image: [number, number];
  pool: string;
  strideQ: number[][];
  strideKv: number[][];
  heads: number[];
  branchImages: [number, number][];
  cropScale: boolean;
  patch: [number, number][];
  shift: boolean;
  shapes: { classToken: boolean; multiConv: boolean; useConv: boolean };
}

const file = new URL("related-architectures.json", import.meta.url);
const registry = JSON.parse(readFileSync(file, "utf8")) as {
  architectures: Record<string, Known>;
  authors: Record<string, Known>;
};
const all = Object.entries({ ...registry.architectures, ...registry.authors });
const of = (family: string) => all.filter(([, known]) => known.family === family);

/** Tensors of these shapes, without their numbers. */
const shapes = (dims: Record<string, readonly number[]>) =>
  makeWeights(
    Object.fromEntries(Object.entries(dims).map(([name, dims]) => [name, { dtype: "F32", dims, data: new Float32Array(0) }])),
  );

it.each(of("mvitv2"))("%s by its name alone", (architecture, known) => {
  const weights = shapes(known.shapes.classToken ? { cls_token: [1, 1, 96] } : {});
  expect(readMvit({ architecture }, weights)).toEqual({ imageSize: known.image, pool: known.pool });
});

it.each(of("crossvit"))("%s by its name alone", (architecture, known) => {
  const weights = shapes(known.shapes.multiConv ? { "patch_embed.0.proj.0.weight": [32, 3, 7, 7] } : {});
  expect(readCrossVit({ architecture }, weights)).toEqual({
    imageSize: known.image,
    branchSizes: known.branchImages,
    patchSizes: known.patch.map(([side]) => side),
    heads: known.heads,
    crops: known.cropScale,
    pool: known.pool,
  });
});

it.each(of("focal"))("%s by its name alone", (architecture, known) => {
  expect(readFocal({ architecture })).toEqual({ imageSize: known.image, overlaps: known.shapes.useConv, shifts: known.shift });
});
