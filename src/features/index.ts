/** From an image to features, and from features to files and pictures. */
export { calibrateMinDetail } from "./calibrate-min-detail.ts";
export { classColor } from "./class-colors.ts";
export { principalColors, type ScaleMap } from "./colors.ts";
export { describePlan } from "./describe-plan.ts";
export { type ExtractOptions, extractImage, type ImageModel } from "./extract.ts";
export { cellBox, type Features, type GridGeometry, makeFeatures } from "./features.ts";
export { type HeatMap, heatOver, heatPicture } from "./heat-picture.ts";
export { picture } from "./picture.ts";
export { explicitOptions, type ImagePlanOptions, planImage } from "./plan-image.ts";
export { depthColor, depthPicture, maskOver, maskPicture } from "./prediction-picture.ts";
export { prepareImage } from "./prepare-image.ts";
export { outputMap, type RecordedModel, recordModel, scaleMaps, scalePicture } from "./scale-maps.ts";
export { imageVector, joinScales, mergeScales, type Pooling, poolTo, takeScales } from "./token-maps.ts";
export { type ImageTokens, imageTokens } from "./tokens.ts";
export { type Project, type VisualOptions, type VisualTokens, visualTokens } from "./visual-tokens.ts";
