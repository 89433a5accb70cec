/** Figures and their bars, from what the parts printed. */
import { round } from "../timing.mjs";

const models = { toy: "a toy", tiny: "ViT-Tiny", base: "ViT-Base", small: "ViT-Small" };

/** @param parts what each part printed, by its name; a part that failed has no `ms`. */
export function figuresOf(parts) {
  const figures = [];
  const add = (name, value, unit, bar) => value && figures.push({ name, value: round(value), unit, ...(bar && { bar }) });
  for (const [size, model] of Object.entries(models)) {
    const { ms, photos } = parts[`compare ${size}`] ?? {};
    if (!ms) continue;
    const [apart, together, ours, bare] = ["extract", "extractTogether", "s2", "oneFile"].map((side) => ms[side].median);
    add(`${model}, ${photos} photos by extract, float32`, Math.min(apart, together), "ms", size === "tiny" ? 35 : undefined);
    for (const dtype of ["float32", "tf32", "float16"])
      add(`${model}, ${photos} photos, the authors' wrapper in PyTorch, ${dtype}`, ms[`torch ${dtype} photos`]?.median, "ms");
    add(`${model}, ${photos} images by s2, float32`, ours, "ms");
    add(`${model}, ${photos} images in one file by exportS2, float32`, bare, "ms");
    add(`${model}, s2 / one file by exportS2`, ours / bare, "x", size === "toy" ? undefined : 1.15);
  }
  add("a training step of DeiT-Tiny, batch 64", parts.train?.forms?.gpu?.ms, "ms", 150);
  add("the same in PyTorch, float32", parts["train in PyTorch"]?.ms?.median, "ms");
  return figures;
}
