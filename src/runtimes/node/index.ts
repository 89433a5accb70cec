/** Node's runtime: models by onnxruntime-node, images by sharp, models from the hub. */

export { describeModel } from "../describe-model.ts";
export { imageFormat } from "../image-format.ts";
export type { LoadImageOptions } from "../image-options.ts";
export type { Model } from "../model.ts";
export { NAMED_MODELS } from "../named-models.ts";
export { type AdvicePage, advicePage } from "./advice-page.ts";
export { checkMachine } from "./check-machine.ts";
export { type ClipModel, loadClip } from "./clip-model.ts";
export { describeDuplicates, duplicateExtraction, duplicatesSheet, signImages } from "./duplicate-images.ts";
export { type ExportModelOptions, exportLlavaFolder, exportModel } from "./export-graphs.ts";
export {
  decodeFile,
  type ExtractedFile,
  type ExtractFilesOptions,
  extractFiles,
  extractInto,
  fingerprintModel,
} from "./extract-files.ts";
export { type ExtractManyOptions, extractMany } from "./extract-many.ts";
export { extractionSource, type Folders } from "./extraction-source.ts";
export { halfOf } from "./feature-file.ts";
export { type FoundImage, type FoundImages, findImages, undecodedInWords, undecodedReasons } from "./find-images.ts";
export { type IndexLocation, locateIndex } from "./image-index.ts";
export { checkSheetPath, type SheetGroup, type SheetImage, writeImageSheet } from "./image-sheet.ts";
export { openLabelFolder, pageAnswers } from "./label-folder.ts";
export { type LoadedTower, loadTower, readLlavaFolder } from "./llava-folder.ts";
export { loadImage } from "./load-image.ts";
export { hashImages, loadImages } from "./load-images.ts";
export { type LoadModelOptions, loadModel } from "./load-model.ts";
export { bundledModel, fetchModel, openModelSource } from "./locate.ts";
export { withLock } from "./lock-file.ts";
export { hashModelFiles } from "./model-files.ts";
export { readHubFolder } from "./model-folder.ts";
export { openOnnx, saveFiles, saveOnnx } from "./onnx-files.ts";
export { openBrowser } from "./open-browser.ts";
export { openFolder } from "./open-folder.ts";
export { openGraph, openLoop } from "./open-graph.ts";
export { type LanceVectors, type OpenVectorsOptions, openVectors, type VectorIndexType } from "./open-vectors.ts";
export { nameOutputs, type OutputFile, type OutputOptions, outputFiles } from "./output-files.ts";
export { predictionFiles, writePrediction } from "./prediction-files.ts";
export { quotePath } from "./quote-path.ts";
export { readImage } from "./read-image.ts";
export { onnxOutputs, refuseForeign } from "./refuse-foreign.ts";
export { encodePng, savePng } from "./save-png.ts";
export { saveTriton, tritonFiles } from "./save-triton.ts";
export { type PageAnswer, type PageAnswers, type ServedPage, servePage } from "./serve-page.ts";
export { type FindSimilarOptions, findSimilar, type Region, type SimilarImages, similarityMaps } from "./similar-images.ts";
export { describeIndex, hitsSheet } from "./similar-report.ts";
export { type ClassifiedImage, checkSorting, type SortOptions, sortImages } from "./sort-images.ts";
export { type TrainingPage, trainingPage } from "./training-page.ts";
export { readVersion } from "./version.ts";
export { type VideoFrame, type VideoOptions, videoFrames } from "./video-frames.ts";
export { makeFolder, openStore, writeError, writeWhole } from "./write-whole.ts";
