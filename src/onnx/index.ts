/** ONNX files: read, build, edit, inspect, convert, quantize, write. */
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
  type Value,
  valueInfo,
  wholeNumbers,
} from "./builder.ts";
export { convertModel, convertProto } from "./convert.ts";
export { type Found, multiplyAdds } from "./cost.ts";
export { describeQuantization } from "./describe-quantization.ts";
export type { Dim } from "./dims.ts";
export { type EmbeddedTraits, embeddedPreprocessing, embeddedTraits, readMetadata } from "./embedded-metadata.ts";
export {
  declaredShape,
  externalLocations,
  inputsOf,
  largestFile,
  metadataOf,
  onnxPieces,
  opsetOf,
  readOnnx,
  withExternalData,
  withMetadata,
  writeOnnx,
} from "./file.ts";
export { computeInFloat16 } from "./float16.ts";
export { withoutFunctions } from "./functions.ts";
export { channelsFirst, channelsLast, givesChannelsLast, moveChannels, takesChannelsLast } from "./image-input.ts";
export { inline } from "./inline.ts";
export { type InspectOptions, inspectModel, inspectProto, type ModelReport } from "./inspect.ts";
export * from "./operators.ts";
export type { ModelProto, NodeProto, ValueInfoProto } from "./proto.ts";
export { type QuantizedLayer, type QuantizeOptions, type QuantizeReport, quantizeModel, quantizeProto } from "./quantize.ts";
export type { Shaped } from "./rule.ts";
export type { GraphTensor, LoopedGraph, OpenedGraph, OpenGraph, OpenLoop } from "./run.ts";
export { shapesOf, whereLost } from "./shapes-of.ts";
export { count, type ElementType, elementType, elementTypes, tensorData } from "./tensor.ts";
export { tritonConfig } from "./triton-config.ts";
export type { Pieces } from "./wire.ts";
