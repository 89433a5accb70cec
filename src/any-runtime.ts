/** Names that "s2-vision/node" and "s2-vision/web" share: plans, features, pictures, pixels and files of tensors. */
export type { Box, DynamicS2Options, S2Options, S2Plan, Tensor, Tower, VisionModel } from "./core/index.ts";
export { planDynamicS2, planTower, S2Error } from "./core/index.ts";
export {
  calibrateMinDetail,
  classColor,
  depthPicture,
  type ExtractOptions,
  type Features,
  heatOver,
  maskOver,
  maskPicture,
  outputMap,
  picture,
  planImage,
  prepareImage,
  principalColors,
} from "./features/index.ts";
export { type Photo, type Pixels, type Preprocessing, readPreprocessing, resizePixels } from "./images/index.ts";
export { fromFloat16, readSafetensors, toFloat16, writeNpy, writeSafetensors } from "./tensors/index.ts";
