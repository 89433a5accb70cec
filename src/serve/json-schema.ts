/** Valibot schemas as JSON Schema, for the OpenAPI document: the kinds that requests and answers of the server use. */
import type { GenericSchema } from "valibot";

/** A part of a JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Fields of valibot's schemas and actions that are read here. */
interface Described {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Described>>;
  readonly wrapped?: Described;
  readonly item?: Described;
  readonly options?: readonly (Described | string)[];
  readonly pipe?: readonly Described[];
  readonly requirement?: number;
}

export const jsonSchema = (schema: GenericSchema): JsonSchema => describe(schema as unknown as Described);

function describe(schema: Described): JsonSchema {
  const { type, entries = {}, wrapped, item, options = [], pipe = [] } = schema;
  if (type === "optional") return describe(wrapped!);
  if (type === "picklist") return { type: "string", enum: options };
  if (type === "union") return { anyOf: (options as readonly Described[]).map(describe) };
  if (type === "array") return { type, items: describe(item!), ...limits(pipe, "Items") };
  if (type === "number")
    return { type: pipe.some((each) => each.type === "integer") ? "integer" : type, ...limits(pipe, "imum") };
  if (type !== "object") return { type };
  const required = Object.keys(entries).filter((name) => entries[name].type !== "optional");
  const properties = Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, describe(entry)]));
  return { type, properties, ...(required.length > 0 && { required }) };
}

/** The smallest and largest value or length; "above 0" is exclusive. */
function limits(pipe: readonly Described[], what: "Items" | "imum"): JsonSchema {
  const of = (...types: string[]) => pipe.find(({ type }) => types.includes(type))?.requirement;
  const [least, most] = [of("min_value", "min_length"), of("max_value", "max_length")];
  if (least === Number.MIN_VALUE) return { exclusiveMinimum: 0 };
  return { ...(least !== undefined && { [`min${what}`]: least }), ...(most !== undefined && { [`max${what}`]: most }) };
}
