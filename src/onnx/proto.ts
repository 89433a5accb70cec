/** The messages of an ONNX file (onnx/onnx.proto, field numbers and all), as plain objects that may be edited. */
import type { Int, Schema } from "./wire.ts";

/** Fields that this package has no name for (of other ONNX versions, of other tools); written back as they came. */
interface Extensible {
  unknown?: readonly Uint8Array[];
}

export interface ModelProto extends Extensible {
  irVersion?: Int;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Int;
  docString?: string;
  graph: GraphProto;
  opsetImport: OperatorSetId[];
  metadataProps?: StringEntry[];
  functions?: FunctionProto[];
}

export interface OperatorSetId extends Extensible {
  domain?: string;
  version?: Int;
}

export interface StringEntry extends Extensible {
  key?: string;
  value?: string;
}

export interface GraphProto extends Extensible {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  docString?: string;
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}

export interface NodeProto extends Extensible {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProto[];
  docString?: string;
  domain?: string;
  /** Which of several functions of one name is meant. */
  overload?: string;
}

/** Which of the fields is meant says `type`: see `attributeType`. */
export interface AttributeProto extends Extensible {
  name?: string;
  f?: number;
  i?: Int;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: Int[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  type?: Int;
  refAttrName?: string;
}

export const attributeType = { f: 1, i: 2, s: 3, t: 4, g: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10 } as const;

/** Values are in `rawData` (little-endian), in one of the typed lists (undecoded), or in another file. */
export interface TensorProto extends Extensible {
  dims?: Int[];
  dataType?: Int;
  floatData?: Uint8Array[];
  int32Data?: Uint8Array[];
  stringData?: Uint8Array[];
  int64Data?: Uint8Array[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: Uint8Array[];
  uint64Data?: Uint8Array[];
  docString?: string;
  /** location, offset, length: of the other file. */
  externalData?: StringEntry[];
  /** 1: in another file. */
  dataLocation?: Int;
}

export interface ValueInfoProto extends Extensible {
  name?: string;
  type?: TypeProto;
  docString?: string;
}

/** One of a kind; other values than tensors are kept as they came. */
export interface TypeProto extends Extensible {
  tensorType?: TensorTypeProto;
  sequenceType?: Uint8Array;
  mapType?: Uint8Array;
  sparseTensorType?: Uint8Array;
  optionalType?: Uint8Array;
  denotation?: string;
}

export interface TensorTypeProto extends Extensible {
  elemType?: Int;
  shape?: ShapeProto;
}

export interface ShapeProto extends Extensible {
  dim?: DimensionProto[];
}

export interface DimensionProto extends Extensible {
  dimValue?: Int;
  dimParam?: string;
}

/** A function of the model's own, called as an operator. */
export interface FunctionProto extends Extensible {
  name?: string;
  input?: string[];
  output?: string[];
  attribute?: string[];
  node?: NodeProto[];
  docString?: string;
  opsetImport?: OperatorSetId[];
  domain?: string;
  /** Attributes that a call may leave out, with the values that they have then. */
  attributeProto?: AttributeProto[];
  overload?: string;
}

/** One entry of a model's metadata. */
export const metadataSchema: Schema = { 1: ["key", "string"], 2: ["value", "string"] };
const operatorSet: Schema = { 1: ["domain", "string"], 2: ["version", "int"] };
const dimension: Schema = { 1: ["dimValue", "int", "either"], 2: ["dimParam", "string", "either"] };
const shape: Schema = { 1: ["dim", () => dimension, "many"] };
const tensorType: Schema = { 1: ["elemType", "int32"], 2: ["shape", () => shape] };
const type: Schema = {
  1: ["tensorType", () => tensorType, "either"],
  4: ["sequenceType", "bytes", "either"],
  5: ["mapType", "bytes", "either"],
  6: ["denotation", "string"],
  8: ["sparseTensorType", "bytes", "either"],
  9: ["optionalType", "bytes", "either"],
};
const valueInfo: Schema = { 1: ["name", "string"], 2: ["type", () => type], 3: ["docString", "string"] };
const tensor: Schema = {
  1: ["dims", "int", "many"],
  2: ["dataType", "int32"],
  4: ["floatData", "floats"],
  5: ["int32Data", "varints"],
  6: ["stringData", "bytes", "many"],
  7: ["int64Data", "varints"],
  8: ["name", "string"],
  9: ["rawData", "bytes"],
  10: ["doubleData", "doubles"],
  11: ["uint64Data", "varints"],
  12: ["docString", "string"],
  13: ["externalData", () => metadataSchema, "many"],
  14: ["dataLocation", "int32"],
};
const attribute: Schema = {
  1: ["name", "string"],
  2: ["f", "float"],
  3: ["i", "int"],
  4: ["s", "bytes"],
  5: ["t", () => tensor],
  6: ["g", () => graph],
  7: ["floats", "float", "many"],
  8: ["ints", "int", "many"],
  9: ["strings", "bytes", "many"],
  10: ["tensors", () => tensor, "many"],
  11: ["graphs", () => graph, "many"],
  20: ["type", "int32"],
  21: ["refAttrName", "string"],
};
const node: Schema = {
  1: ["input", "string", "many"],
  2: ["output", "string", "many"],
  3: ["name", "string"],
  4: ["opType", "string"],
  5: ["attribute", () => attribute, "many"],
  6: ["docString", "string"],
  7: ["domain", "string"],
  8: ["overload", "string"],
};
const graph: Schema = {
  1: ["node", () => node, "many"],
  2: ["name", "string"],
  5: ["initializer", () => tensor, "many"],
  10: ["docString", "string"],
  11: ["input", () => valueInfo, "many"],
  12: ["output", () => valueInfo, "many"],
  13: ["valueInfo", () => valueInfo, "many"],
};
const modelFunction: Schema = {
  1: ["name", "string"],
  4: ["input", "string", "many"],
  5: ["output", "string", "many"],
  6: ["attribute", "string", "many"],
  7: ["node", () => node, "many"],
  8: ["docString", "string"],
  9: ["opsetImport", () => operatorSet, "many"],
  10: ["domain", "string"],
  11: ["attributeProto", () => attribute, "many"],
  13: ["overload", "string"],
};
export const modelSchema: Schema = {
  1: ["irVersion", "int"],
  2: ["producerName", "string"],
  3: ["producerVersion", "string"],
  4: ["domain", "string"],
  5: ["modelVersion", "int"],
  6: ["docString", "string"],
  7: ["graph", () => graph],
  8: ["opsetImport", () => operatorSet, "many"],
  14: ["metadataProps", () => metadataSchema, "many"],
  25: ["functions", () => modelFunction, "many"],
};
