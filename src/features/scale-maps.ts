/** Features of each scale on its own token grid, before scales are pooled together, from one run of the model. */
import { type Box, runPlan, S2Error, type S2Plan, type Tensor } from "../core/index.ts";
import { type Photo, type Pixels, resizePixels } from "../images/index.ts";
import { principalColors, type ScaleMap } from "./colors.ts";
import type { ImageModel } from "./extract.ts";
import { picture } from "./picture.ts";

/** A model that keeps its outputs in memory until `scaleMaps` has read them; for one image. */
export interface RecordedModel extends ImageModel {
  readonly recording: Tensor[];
}

/** Wraps a model so that `extract` records the output of each run; `scaleMaps` reads them. */
export function recordModel(model: ImageModel): RecordedModel {
  const recording: Tensor[] = [];
  const { traits, preprocessing } = model;
  const recorded = async (images: Tensor) => {
    const output = await model(images);
    recording.push(output);
    return output;
  };
  return Object.assign(recorded, { recording, traits, preprocessing });
}

/**
 * Computes the maps of `plan`'s scales from the recorded outputs; the model does not run again.
 * @throws S2Error "recording" when the recorded runs are not those of this plan.
 */
export async function scaleMaps(recorded: RecordedModel, plan: S2Plan): Promise<ScaleMap[]> {
  let at = 0;
  const next = () => {
    if (at < recorded.recording.length) return recorded.recording[at++];
    throw new S2Error(
      "recording",
      `The recording ends after ${at} runs, before the plan does; record one whole run of this plan.`,
    );
  };
  const replay = Object.assign(next, { traits: recorded.traits });
  const maps: ScaleMap[] = [];
  for (const outputScale of plan.scales.keys()) {
    at = 0;
    let scaleFeatures: Tensor | undefined;
    const onScale = (scale: number, features: Tensor) => void (scale === outputScale && (scaleFeatures = features));
    // All scales run, because a tile that was skipped has the tokens of the scale before. Nobody looks at the tiles: no channels, no bytes.
    const source = { batch: 1, channels: 0, prepare: () => () => {} };
    const { grid } = await runPlan(replay, { ...plan, outputScale }, source, { onScale });
    maps.push(plan.outputShape === "bchw" ? fromMap(scaleFeatures!) : fromTokens(scaleFeatures!, grid, plan.numPrefixToken));
  }
  if (at === recorded.recording.length) return maps;
  throw new S2Error(
    "recording",
    `The recording has ${recorded.recording.length} runs, but the plan ${at}; record each image anew.`,
  );
}

/**
 * Converts the features of one image that `onScale` gives to a map, so that a scale can be drawn before the next is there; undefined when
 * the plan has no grid (the model does not say its patch size).
 */
export function outputMap(features: Tensor, plan: S2Plan): ScaleMap | undefined {
  if (plan.outputShape === "bchw") return fromMap(features);
  return plan.outputGrid && fromTokens(features, plan.outputGrid, plan.numPrefixToken);
}

function fromTokens({ dims, data }: Tensor, grid: { rows: number; cols: number }, prefix: number): ScaleMap {
  return { ...grid, channels: dims[2], data: data.subarray(prefix * dims[2]) };
}

/** [1, c, h, w] -> [h, w, c] */
function fromMap({ dims: [, channels, rows, cols], data }: Tensor): ScaleMap {
  const cells = rows * cols;
  const out = new Float32Array(data.length);
  for (let cell = 0; cell < cells; cell++) for (let c = 0; c < channels; c++) out[cell * channels + c] = data[c * cells + cell];
  return { rows, cols, channels, data: out };
}

/**
 * Draws the image beside each scale's tokens, colored by the three principal components of all scales together, with its tiles outlined; of
 * a cropped image, the part that was seen.
 */
export function scalePicture(image: Photo, maps: readonly ScaleMap[], plan: S2Plan): Pixels {
  const { left, top, width, height } = plan.region ?? { left: 0, top: 0, width: image.width, height: image.height };
  const [rows, cols] = [Math.max(1, Math.round(height)), Math.max(1, Math.round(width))];
  const isUncropped = rows === image.height && cols === image.width;
  const seen = isUncropped ? image : resizePixels(image, [rows, cols], "box", [left, top, left + width, top + height]);
  const moved = (box: Box): Box => ({ ...box, left: box.left - left, top: box.top - top });
  return picture(
    seen,
    principalColors(maps).map((colors, i) => ({ colors, tiles: plan.scales[i].tiles.map(moved) })),
  );
}
