/** ConvNeXt, Swin, Swin V2 and Hiera from hub files: who swaps transformers or timm for a built graph must see the same numbers. */
import { expect, it } from "vitest";
import { goldenErrors, goldenFolders } from "./golden-model.ts";

const folders = goldenFolders(/convnext|swin|hiera/);

it.each(folders)("%s", async (folder) => {
  // Swin V2 multiplies cosines by up to 100, and rounding with them.
  const tolerance = folder.includes("swinv2") ? 1e-3 : 1e-4;
  const errors = await goldenErrors(folder);
  expect(Object.entries(errors).filter(([, error]) => !(error <= tolerance))).toEqual([]);
  expect(Object.keys(errors).length).toBeGreaterThanOrEqual(3);
});
