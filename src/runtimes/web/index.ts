/** The browser's runtime: models by onnxruntime-web, images by createImageBitmap, graphs for heads and training. */

export type { LoadImageOptions } from "../image-options.ts";
export type { Model } from "../model.ts";
export { loadImage } from "./load-image.ts";
export { type LoadModelOptions, loadModel, modelFile, type WebModel } from "./load-model.ts";
export { type OpenGraphOptions, openGraph, openLoop } from "./open-graph.ts";
export type { Notice } from "./start-worker.ts";
