/** From a photo to features, and from features to files and pictures. */
export { principalColours } from "./colours.ts";
export { type ExtractOptions, extractPhoto, type PhotoModel } from "./extract.ts";
export { cellBox, type Features, type Place } from "./features.ts";
export { type HeatMap, heatOver, heatPicture } from "./heat-picture.ts";
export { picture } from "./picture.ts";
export { type PhotoOptions, planPhoto } from "./plan-photo.ts";
export { prepareImage } from "./prepare-image.ts";
export { outputMap, type RecordedModel, recordModel, type ScaleMap, scaleMaps, scalePicture } from "./scale-maps.ts";
export { limitTiles } from "./tile-limit.ts";
export { firstScales, joinScales, mergeScales, type Pooling, photoVector, poolTo, takeScales } from "./token-maps.ts";
export { type PhotoTokens, photoTokens } from "./tokens.ts";
export { classColour, depthColour, depthPicture, maskPicture } from "./told-picture.ts";
export { type Project, type VisualOptions, type VisualTokens, visualTokens } from "./visual-tokens.ts";
