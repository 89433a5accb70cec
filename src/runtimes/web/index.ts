/** What the browser's runtime offers: models by onnxruntime-web, images by createImageBitmap, graphs for heads and training. */

export type { LoadImageOptions } from "../image-options.ts";
export type { Model } from "../model.ts";
export { loadImage } from "./load-image.ts";
export { type LoadModelOptions, loadModel, type WebModel } from "./load-model.ts";
export { modelFile } from "./model-file.ts";
export type { Notice } from "./notice.ts";
export { type OpenGraphOptions, openGraph, openLoop } from "./open-graph.ts";
