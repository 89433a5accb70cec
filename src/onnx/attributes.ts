/** Converts a node's attributes between a plain object and the messages of the format. */
import { type AttributeProto, attributeType, type GraphProto, type NodeProto, type TensorProto } from "./proto.ts";

/** A float attribute: a number alone does not say whether an operator expects 1 or 1.0. */
export class Float {
  constructor(readonly value: number) {}
}

/** The value of an attribute: numbers are whole, `Float` marks others. */
export type AttributeValue = number | bigint | Float | string | readonly number[] | readonly string[] | TensorProto | GraphProto;
/** Attributes of an operator by their ONNX names; undefined ones are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

const text = new TextDecoder();
const bytes = new TextEncoder();

/** Writes whole numbers as INT, `Float` as FLOAT, strings as STRING, lists as INTS or STRINGS, objects with nodes as GRAPH, others as TENSOR. */
export function writeAttributes(attributes: Attributes): AttributeProto[] {
  return Object.entries(attributes).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const [field, content] = encode(value);
    return [{ name, [field]: content, type: attributeType[field] }];
  });
}

function encode(value: AttributeValue): [field: keyof typeof attributeType, content: unknown] {
  if (value instanceof Float) return ["f", value.value];
  if (typeof value === "number" || typeof value === "bigint") return ["i", value];
  if (typeof value === "string") return ["s", bytes.encode(value)];
  if (!Array.isArray(value)) return ["node" in value ? "g" : "t", value];
  return typeof value[0] === "string" ? ["strings", value.map((text) => bytes.encode(text))] : ["ints", [...value]];
}

/** Reads a node's attributes; floats come as numbers, since a reader knows which attributes are floats. */
export function readAttributes(node: NodeProto): Attributes {
  return Object.fromEntries((node.attribute ?? []).map((attribute) => [attribute.name ?? "", decode(attribute)]));
}

function decode({
  type,
  f = 0,
  i = 0,
  s,
  t,
  g,
  floats = [],
  ints = [],
  strings = [],
}: AttributeProto): AttributeValue | undefined {
  switch (Number(type)) {
    case attributeType.f:
      return f;
    case attributeType.i:
      return i;
    case attributeType.s:
      return text.decode(s);
    case attributeType.floats:
      return floats;
    case attributeType.ints:
      return ints.map(Number);
    case attributeType.strings:
      return strings.map((each) => text.decode(each));
    default:
      return t ?? g;
  }
}
