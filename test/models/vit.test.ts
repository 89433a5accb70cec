/** ViT, DeiT, MAE, DINO, CLIP and SigLIP from hub files: who swaps transformers or timm for a built graph must see the same numbers. */
import { expect, it } from "vitest";
import { goldenErrors, goldenFolders } from "./golden-model.ts";

const folders = goldenFolders(/^(?!.*(hiera|crossvit|mvit|mpvit)).*(vit|deit|mae|dino|clip|siglip)/);

it.each(folders)("%s", async (folder) => {
  const errors = await goldenErrors(folder);
  expect(Object.entries(errors).filter(([, error]) => !(error <= 1e-4))).toEqual([]);
  expect(Object.keys(errors).length).toBeGreaterThanOrEqual(2);
});
