/** Attributes of a node as a plain object, and back into the messages of the format. */
import { type AttributeProto, attributeType, type GraphProto, type NodeProto, type TensorProto } from "./proto.ts";

/** A float attribute: JavaScript's 1 does not say whether an operator wants 1 or 1.0. */
export class Float {
  constructor(readonly value: number) {}
}

export type AttributeValue = number | bigint | Float | string | readonly number[] | readonly string[] | TensorProto | GraphProto;
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

const text = new TextDecoder();
const bytes = new TextEncoder();

/** Whole numbers become INT, `Float` FLOAT, texts STRING, lists of whole numbers INTS; a graph is told by its nodes. */
export function writeAttributes(attributes: Attributes): AttributeProto[] {
  const written: AttributeProto[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) written.push({ name, ...writeValue(value) });
  }
  return written;
}

function writeValue(value: AttributeValue): AttributeProto {
  const of = <K extends keyof typeof attributeType>(field: K, content: AttributeProto[K]): AttributeProto => ({
    [field]: content,
    type: attributeType[field],
  });
  if (value instanceof Float) return of("f", value.value);
  if (typeof value === "number" || typeof value === "bigint") return of("i", value);
  if (typeof value === "string") return of("s", bytes.encode(value));
  if (Array.isArray(value)) {
    return typeof value[0] === "string"
      ? of(
          "strings",
          value.map((one) => bytes.encode(one)),
        )
      : of("ints", [...value]);
  }
  return "node" in value ? of("g", value as GraphProto) : of("t", value as TensorProto);
}

/** Floats come as numbers: who reads an attribute knows which it is. */
export function readAttributes(node: NodeProto): Attributes {
  return Object.fromEntries((node.attribute ?? []).map((attribute) => [attribute.name ?? "", readValue(attribute)]));
}

function readValue({ type, f, i, s, t, g, floats, ints, strings }: AttributeProto): AttributeValue | undefined {
  switch (Number(type)) {
    case attributeType.f:
      return f ?? 0;
    case attributeType.i:
      return i ?? 0;
    case attributeType.s:
      return text.decode(s);
    case attributeType.floats:
      return floats ?? [];
    case attributeType.ints:
      return (ints ?? []).map(Number);
    case attributeType.strings:
      return (strings ?? []).map((one) => text.decode(one));
    default:
      return t ?? g;
  }
}
