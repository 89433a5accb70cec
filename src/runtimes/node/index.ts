/** What Node's runtime offers: models by onnxruntime-node, images by sharp, models from the hub. */

export type { LoadImageOptions } from "../image-options.ts";
export type { Model } from "../model.ts";
export { type LoadedTower, loadTower, readLlavaFolder } from "./llava-folder.ts";
export { imageRefusal, loadImage } from "./load-image.ts";
export { type LoadModelOptions, loadModel } from "./load-model.ts";
export { bundledModel, openModelSource } from "./locate.ts";
export { withLock } from "./lock-file.ts";
export { hashModelFiles } from "./model-files.ts";
export { readHubFolder } from "./model-folder.ts";
export { openOnnx, saveFiles, saveOnnx } from "./onnx-files.ts";
export { openFolder } from "./open-folder.ts";
export { openGraph, openLoop } from "./open-graph.ts";
export { type LanceVectors, type OpenVectorsOptions, openVectors, type VectorIndexType } from "./open-vectors.ts";
export { readImage, refuseUnreadable } from "./read-image.ts";
export { encodePng, isTaggedPng, savePng, tagPng } from "./save-png.ts";
export { type VideoFrame, type VideoOptions, videoFrames } from "./video-frames.ts";
export { makeFolder, openStore, writeWhole } from "./write-whole.ts";
