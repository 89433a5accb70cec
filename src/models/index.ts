/** Models as ONNX files: built from hub weights, or wrapped in S². */

export { convertModel, type QuantizedLayer, type QuantizeOptions, type QuantizeReport, quantizeModel } from "../onnx/index.ts";
export { type BuildOptions, buildModel, buildProto, outputNames } from "./build.ts";
export { type ExportOptions, exportProto, exportS2 } from "./export.ts";
export { type ExportPlanOptions, exportPlan } from "./export-plan.ts";
export { isProjector, isTower, type WeightFiles } from "./llava-weights.ts";
export { bufferGraph, featuresGraph, type PlanModel, tilesGraph, tokenGrid } from "./plan-graphs.ts";
export { buildProjector, type ProjectorOptions } from "./projector.ts";
export { buildTextTower, readTextRules, type TextRules } from "./text-tower.ts";
export { buildTower, readTowerConfig } from "./tower.ts";
export { exportVisionEncoder, preprocessorFor, type VisionEncoder, type VisionEncoderOptions } from "./vision-encoder.ts";
