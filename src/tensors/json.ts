/** JSON from files and from the network: parsed, checked against a schema, and refused with the place of the first mistake. */
import { type GenericSchema, getDotPath, type InferOutput, safeParse } from "valibot";
import { S2Error, type S2ErrorCode } from "../core/index.ts";

/** The JSON text's name in a refusal. */
export interface JsonSource {
  /** The code of the S2Error. */
  readonly code: S2ErrorCode;
  /** The file or what else holds the text, as it stands in the message: `head.json`. */
  readonly name: string;
  /** The sentence that says what to do, for example "Download it again." */
  readonly advice: string;
}

/**
 * Parses JSON and checks it against a valibot schema. Bytes are read as UTF-8, with or without a byte order mark.
 * @throws S2Error with the source's code: not JSON, or the first field that does not match and what was expected there.
 */
export function parseJson<S extends GenericSchema>(schema: S, json: string | Uint8Array, source: JsonSource): InferOutput<S> {
  const { code, name, advice } = source;
  let value: unknown;
  try {
    const text = typeof json === "string" ? json : new TextDecoder("utf-8", { fatal: true }).decode(json);
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new S2Error(code, `${name} is not valid JSON (${(error as Error).message}). ${advice}`, { cause: error });
  }
  return checkJson(schema, value, source);
}

/** Checks a value that was parsed before. @throws S2Error with the source's code: the first field that does not match. */
export function checkJson<S extends GenericSchema>(
  schema: S,
  value: unknown,
  { code, name, advice }: JsonSource,
): InferOutput<S> {
  const result = safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = getDotPath(issue);
  const where = path === null ? "is" : `has ${path} =`;
  const expected = issue.expected ? `expected ${issue.expected}` : issue.message;
  throw new S2Error(code, `${name} ${where} ${showJson(issue.input)}; ${expected}. ${advice}`);
}

/** The start of a value as JSON, for messages. */
export function showJson(value: unknown): string {
  let json: string;
  try {
    json = JSON.stringify(value) ?? "nothing";
  } catch {
    return "a value that is nested too deeply or too long"; // which can be parsed, but not written
  }
  return json.length > 60 ? `${json.slice(0, 60)}...` : json;
}
