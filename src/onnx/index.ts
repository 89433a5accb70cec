/** ONNX files: read, build, edit, write. */
export { type Attributes, type AttributeValue, Float, readAttributes, writeAttributes } from "./attributes.ts";
export {
  constant,
  finishGraph,
  type Graph,
  input,
  newGraph,
  node,
  output,
  type ShapedValue,
  scalar,
  scope,
  uniqueName,
  type Value,
  valueInfo,
  wholeNumbers,
} from "./builder.ts";
export { convertModel, convertProto } from "./convert.ts";
export { type Found, multiplyAdds } from "./cost.ts";
export { type Dim, divide, multiply } from "./dims.ts";
export { type EmbeddedTraits, embeddedPreprocessing, embeddedTraits, type ReadAt, readMetadata } from "./embedded-metadata.ts";
export {
  externalLocations,
  isOnnx,
  largestFile,
  onnxPieces,
  opsetOf,
  type ReadBeside,
  readOnnx,
  withExternalData,
  withMetadata,
  writeOnnx,
} from "./file.ts";
export { withoutFunctions } from "./functions.ts";
export { channelsFirst, channelsLast, takesChannelsLast } from "./image-input.ts";
export { inline } from "./inline.ts";
export { type InspectOptions, inspectModel, inspectProto, type ModelReport } from "./inspect.ts";
export { namesRead, usedPart } from "./nodes.ts";
export * from "./operators.ts";
export type * from "./proto.ts";
export { type QuantizedLayer, type QuantizeOptions, type QuantizeReport, quantizeModel, quantizeProto } from "./quantize.ts";
export type { GraphTensor, LoopedGraph, OpenedGraph, OpenGraph, OpenLoop } from "./run.ts";
export { shapesOf, whereLost } from "./shapes-of.ts";
export {
  count,
  type ElementType,
  elementBytes,
  elementType,
  elementTypes,
  makeTensor,
  type TensorData,
  tensorData,
  tensorDims,
} from "./tensor.ts";
export type { Pieces } from "./wire.ts";
