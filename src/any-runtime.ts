/** What "s2-vision/node" and "s2-vision/web" offer alike: plans, features, pictures, pixels and files of tensors. */
export type { Box, DynamicS2Options, S2Options, S2Plan, ScalePlan, Tensor, Tower, Traits, VisionModel } from "./core/index.ts";
export { planDynamicS2, planTower, S2Error } from "./core/index.ts";
export {
  classColor,
  depthColor,
  depthPicture,
  type ExtractOptions,
  type Features,
  type GridGeometry,
  type HeatMap,
  heatOver,
  heatPicture,
  type ImageModel,
  type ImagePlanOptions,
  maskPicture,
  outputMap,
  picture,
  planImage,
  prepareImage,
  principalColors,
  type RecordedModel,
  recordModel,
  type ScaleMap,
  scaleMaps,
  scalePicture,
} from "./features/index.ts";
export { type Filter, type Photo, type Pixels, type Preprocessing, readPreprocessing, resizePixels } from "./images/index.ts";
export { fromFloat16, readSafetensors, type StoredTensor, toFloat16, writeNpy, writeSafetensors } from "./tensors/index.ts";
