/** "s2-vision/models": models as ONNX files, built from hub weights or wrapped in S². */
export {
  type BuildOptions,
  buildModel,
  buildProjector,
  buildTower,
  type ExportOptions,
  exportS2,
  exportVisionEncoder,
  outputNames,
  type ProjectorOptions,
  preprocessorFor,
  readTowerConfig,
  type VisionEncoder,
  type VisionEncoderOptions,
  type WeightFiles,
} from "./models/index.ts";
