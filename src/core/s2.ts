/** `s2`: the reference's `forward` on a tensor of images. */
import { px, S2Error } from "./error.ts";
import { firstNotFinite } from "./finite.ts";
import { readOutput } from "./output.ts";
import { planS2 } from "./plan.ts";
import { filters, imageDims, resize } from "./resize.ts";
import { resizeAlongRows } from "./resize-passes.ts";
import { type CutTile, type Hooks, runPlan } from "./run.ts";
import type { S2Options, S2Plan, ScalePlan, Tensor, VisionModel } from "./types.ts";

/**
 * Multi-scale features of images [b, c, h, w] (paper §3.1; `s2wrapper.forward`): [b, prefix + rows·cols, channels·scales] or a map.
 * Exact to the authors' PyTorch code within 1e-4; takes a plan in place of options.
 * @throws S2Error before the model runs when options, image and the model's traits do not fit; after the first run when its output is no grid.
 */
export async function s2(model: VisionModel, images: Tensor, options: S2Options | (S2Plan & Hooks)): Promise<Tensor> {
  const [batch, channels, height, width] = imageDims(images);
  const plan = isPlan(options) ? options : planS2({ height, width }, options, await traitsFor(model, images, options));
  checkImage(plan, [height, width]);
  checkPixels(images);
  const prepare = (scale: ScalePlan) => tensorCutter(images, scale, plan);
  const source = { kind: "floats", images } as const;
  return (await runPlan(model, plan, { batch, channels, images: source, prepare }, options)).features;
}

function checkImage({ image, region }: S2Plan, size: readonly [height: number, width: number]): void {
  if (image[0] !== size[0] || image[1] !== size[1]) {
    throw new S2Error("plan", `The plan is for images of ${px(image)} px, these have ${px(size)}; plan again for this size.`);
  }
  if (region && (region.height !== size[0] || region.width !== size[1])) {
    throw new S2Error(
      "plan",
      `The plan shows a part of an image of ${px(image)} px; s2 takes whole images: crop first, or use extract.`,
    );
  }
}

/** Checks pixels too: a model may hide one bad pixel (a maximum over patches) or spread it over all tokens. */
function checkPixels({ dims: [, channels, height, width], data }: Tensor): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  const image = Math.floor(at / (channels * height * width));
  throw new S2Error("image", `Image ${image} has ${data[at]}; expected finite numbers. Check how it was normalized.`);
}

/** Returns true if `options` are a plan already: only plans have tiles. */
export function isPlan<Options extends object>(options: Options | S2Plan): options is S2Plan {
  return "tiles" in options;
}

// Tiles share whole tokens, which needs the patch size; a plain function is asked with one blank tile how many tokens it gives.
async function traitsFor(model: VisionModel, images: Tensor, options: S2Options) {
  const traits = model.traits ?? {};
  if ((!options.overlap && options.splitMode !== "cover") || traits.patchSize !== undefined) return traits;
  const [, channels, height, width] = images.dims;
  const plan = planS2(
    { height, width },
    { ...options, overlap: 0, ...(options.splitMode === "cover" && { splitMode: "pad" }) },
    traits,
  );
  const { tile } = plan.scales[plan.outputScale];
  const output = await model({ dims: [1, channels, ...tile], data: new Float32Array(channels * tile[0] * tile[1]) });
  return { ...traits, patchSize: tile[0] / readOutput(output, 1, tile, plan, traits).grid.rows };
}

// "exact" cuts the resized image, "pad" the same with zeros beyond it, "resize" an image resized twice (as the reference).
function tensorCutter(images: Tensor, scale: ScalePlan, plan: S2Plan): CutTile {
  const once =
    plan.splitMode === "resize" ? resize(images, scale.size, { antialias: filters(plan, plan.image, scale.size) }) : images;
  const size = plan.splitMode === "resize" ? scale.canvas : scale.size;
  const columns = resizeAlongRows(once, size, "bicubic", filters(plan, [once.dims[2], once.dims[3]], size));
  return (image, top, left, out, offset) => columns(image, top, left, scale.tile, out, offset);
}
