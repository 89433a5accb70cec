/** Models as ONNX files: built from hub weights, or wrapped in S². */

export { convertModel, type QuantizedLayer, type QuantizeOptions, type QuantizeReport, quantizeModel } from "../onnx/index.ts";
export { type BuildOptions, buildModel, buildProto } from "./build.ts";
export { type ExportOptions, exportProto, exportS2 } from "./export.ts";
