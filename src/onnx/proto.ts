/** The messages of an ONNX file (onnx/onnx.proto, with its field numbers) and their types: plain objects that may be edited. */
import type { Int, Schema } from "./wire.ts";

/** Fields by number: name, kind or message, and "many" or "either" (see `Schema`). */
const messages = {
  ModelProto: {
    1: ["irVersion", "int"],
    2: ["producerName", "string"],
    3: ["producerVersion", "string"],
    4: ["domain", "string"],
    5: ["modelVersion", "int"],
    6: ["docString", "string"],
    7: ["graph", "GraphProto"],
    8: ["opsetImport", "OperatorSetId", "many"],
    14: ["metadataProps", "StringEntry", "many"],
    25: ["functions", "FunctionProto", "many"],
  },
  OperatorSetId: { 1: ["domain", "string"], 2: ["version", "int"] },
  StringEntry: { 1: ["key", "string"], 2: ["value", "string"] },
  GraphProto: {
    1: ["node", "NodeProto", "many"],
    2: ["name", "string"],
    5: ["initializer", "TensorProto", "many"],
    10: ["docString", "string"],
    11: ["input", "ValueInfoProto", "many"],
    12: ["output", "ValueInfoProto", "many"],
    13: ["valueInfo", "ValueInfoProto", "many"],
  },
  NodeProto: {
    1: ["input", "string", "many"],
    2: ["output", "string", "many"],
    3: ["name", "string"],
    4: ["opType", "string"],
    5: ["attribute", "AttributeProto", "many"],
    6: ["docString", "string"],
    7: ["domain", "string"],
    8: ["overload", "string"], // which of several functions of one name is meant
  },
  // `type` says which of the fields holds the value: see `attributeType`.
  AttributeProto: {
    1: ["name", "string"],
    2: ["f", "float"],
    3: ["i", "int"],
    4: ["s", "bytes"],
    5: ["t", "TensorProto"],
    6: ["g", "GraphProto"],
    7: ["floats", "float", "many"],
    8: ["ints", "int", "many"],
    9: ["strings", "bytes", "many"],
    10: ["tensors", "TensorProto", "many"],
    11: ["graphs", "GraphProto", "many"],
    20: ["type", "int32"],
    21: ["refAttrName", "string"],
  },
  // Values are in `rawData` (little-endian), in one of the typed lists (undecoded), or, with `dataLocation` 1, in another file.
  TensorProto: {
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
    13: ["externalData", "StringEntry", "many"], // location, offset and length in the other file
    14: ["dataLocation", "int32"],
  },
  ValueInfoProto: { 1: ["name", "string"], 2: ["type", "TypeProto"], 3: ["docString", "string"] },
  // Types other than tensors are kept undecoded.
  TypeProto: {
    1: ["tensorType", "TensorTypeProto", "either"],
    4: ["sequenceType", "bytes", "either"],
    5: ["mapType", "bytes", "either"],
    6: ["denotation", "string"],
    8: ["sparseTensorType", "bytes", "either"],
    9: ["optionalType", "bytes", "either"],
  },
  TensorTypeProto: { 1: ["elemType", "int32"], 2: ["shape", "ShapeProto"] },
  ShapeProto: { 1: ["dim", "DimensionProto", "many"] },
  DimensionProto: { 1: ["dimValue", "int", "either"], 2: ["dimParam", "string", "either"] },
  FunctionProto: {
    1: ["name", "string"],
    4: ["input", "string", "many"],
    5: ["output", "string", "many"],
    6: ["attribute", "string", "many"],
    7: ["node", "NodeProto", "many"],
    8: ["docString", "string"],
    9: ["opsetImport", "OperatorSetId", "many"],
    10: ["domain", "string"],
    11: ["attributeProto", "AttributeProto", "many"], // attributes that a call may leave out, with their default values
    13: ["overload", "string"],
  },
} as const;

type Messages = typeof messages;
type MessageName = keyof Messages;

interface Scalars {
  int: Int;
  int32: Int;
  float: number;
  string: string;
  bytes: Uint8Array;
  varints: Uint8Array[];
  floats: Uint8Array[];
  doubles: Uint8Array[];
}

type FieldValue<Kind> = Kind extends MessageName ? Message<Kind> : Kind extends keyof Scalars ? Scalars[Kind] : never;

/** A message with all fields optional. `unknown` holds fields of other ONNX versions or tools, which are written back as they were read. */
type Message<Name extends MessageName> = { unknown?: readonly Uint8Array[] } & {
  -readonly [N in keyof Messages[Name] as Messages[Name][N] extends readonly [infer Field extends string, ...unknown[]]
    ? Field
    : never]?: Messages[Name][N] extends readonly [string, infer Kind, "many"]
    ? FieldValue<Kind>[]
    : Messages[Name][N] extends readonly [string, infer Kind, ...unknown[]]
      ? FieldValue<Kind>
      : never;
};

export type ModelProto = Message<"ModelProto"> & { graph: GraphProto; opsetImport: OperatorSetId[] };
export type OperatorSetId = Message<"OperatorSetId">;
export type GraphProto = Message<"GraphProto">;
export type NodeProto = Message<"NodeProto">;
export type AttributeProto = Message<"AttributeProto">;
export type TensorProto = Message<"TensorProto">;
export type ValueInfoProto = Message<"ValueInfoProto">;
export type FunctionProto = Message<"FunctionProto">;

/** ONNX's numbers for the fields of an attribute (AttributeProto.AttributeType). */
export const attributeType = { f: 1, i: 2, s: 3, t: 4, g: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10 } as const;

type AnyField = readonly [name: string, kind: string, times?: "many" | "either"];

const schemas = Object.fromEntries(
  Object.entries(messages).map(([message, fields]) => {
    const schema = Object.entries<AnyField>(fields).map(([number, [name, kind, times]]) => [
      number,
      [name, Object.hasOwn(messages, kind) ? () => schemas[kind as MessageName] : kind, times],
    ]);
    return [message, Object.fromEntries(schema)];
  }),
) as unknown as Record<MessageName, Schema>;

export const modelSchema = schemas.ModelProto;
export const metadataSchema = schemas.StringEntry;
