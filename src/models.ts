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
  readTowerConfig,
} from "./models/index.ts";
