/** The fields of requests and answers: one schema for the check, the types and the OpenAPI document. */
import {
  array,
  type InferOutput,
  integer,
  maxLength,
  minLength,
  minValue,
  number,
  type ObjectEntries,
  object,
  optional,
  picklist,
  pipe,
  string,
  union,
} from "valibot";
import { checkNames, S2Error } from "../core/index.ts";
import type { ImagePlanOptions } from "../features/index.ts";
import { checkJson } from "../tensors/json.ts";

const positive = pipe(number(), minValue(Number.MIN_VALUE));
const count = pipe(number(), integer(), minValue(1));
const few = <S extends typeof positive | typeof count>(item: S) => pipe(array(item), minLength(1), maxLength(8));

/** Options of an image's plan, by their names in `extract`. Tiles always have the model's size, so that one request cannot ask for a huge one. */
export const extractionEntries = {
  preset: optional(picklist(["dense", "global"])),
  scales: optional(few(positive)),
  imgSizes: optional(few(count)),
  fit: optional(picklist(["whole", "within", "keep", "squash", "crop"])),
  splitMode: optional(picklist(["exact", "resize", "pad", "cover"])),
  merge: optional(picklist(["concat", "add", "mean"])),
  fusion: optional(picklist(["reference", "aligned", "bilinear"])),
  resizeOutputToIdx: optional(pipe(number(), integer())),
  outputScale: optional(picklist(["coarsest", "finest"])),
  overlap: optional(pipe(number(), integer(), minValue(0))),
  minDetail: optional(positive),
  tileFraction: optional(positive),
  maxTiles: optional(count),
  gridChoice: optional(picklist(["log-ratio", "nvila"])),
} satisfies { readonly [Name in keyof ImagePlanOptions]: ObjectEntries[string] };

const model = optional(string());
const pooling = optional(picklist(["cls", "mean", "cls+mean"]));

/** Fields of `POST /v1/features`. */
export const featuresRequest = object({ model, dtype: optional(picklist(["float32", "float16"])), ...extractionEntries });

/** Fields of `POST /v1/predict`; the head has the model and the options. */
export const predictRequest = object({ head: optional(string()) });

/** Fields of `POST /v1/plan`, beside an image or in its place. */
export const planRequest = object({ model, width: optional(count), height: optional(count), ...extractionEntries });

/** `POST /v1/embeddings`, as OpenAI's, with images in place of text; `pooling` and the options of a plan are ours. */
export const embeddingsRequest = object({
  model,
  input: union([string(), pipe(array(string()), minLength(1))]),
  encoding_format: optional(picklist(["float", "base64"])),
  user: optional(string()),
  pooling,
  ...extractionEntries,
});

/** An answer of `POST /v1/embeddings`. */
export const embeddingsAnswer = object({
  object: picklist(["list"]),
  data: array(object({ object: picklist(["embedding"]), index: number(), embedding: union([array(number()), string()]) })),
  model: string(),
  usage: object({ prompt_tokens: number(), total_tokens: number() }),
});

/** A refusal, as RFC 9457 has it; `code` is that of the S2Error, where there is one. */
export const refusalBody = object({
  type: string(),
  title: string(),
  status: number(),
  detail: string(),
  code: optional(string()),
  requestId: optional(string()),
});

export type EmbeddingsAnswer = InferOutput<typeof embeddingsAnswer>;
export type RefusalBody = InferOutput<typeof refusalBody>;

/** The schema of a request's fields. */
export type FieldsSchema = typeof featuresRequest | typeof predictRequest | typeof planRequest | typeof embeddingsRequest;

/** Checks the fields of a request; those of a query or of a form are texts and are read as their schema says. @throws S2Error "option". */
export function readFields<S extends FieldsSchema>(schema: S, given: Readonly<Record<string, unknown>>): InferOutput<S> {
  checkNames(given, Object.keys(schema.entries));
  const entries = schema.entries as ObjectEntries;
  const fields = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typed(entries[name], value)]));
  const source = {
    code: "option" as const,
    name: "The request",
    advice: "The document /openapi.json lists what a request may hold.",
  };
  return checkJson(schema, fields, source) as InferOutput<S>;
}

/** Reads a text as the number or the list of numbers that the schema expects. */
function typed(schema: ObjectEntries[string], value: unknown): unknown {
  const inner = "wrapped" in schema ? (schema.wrapped as typeof schema) : schema;
  if (typeof value !== "string" || (inner.type !== "number" && inner.type !== "array")) return value;
  const numbers = value.split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  if (numbers.some(Number.isNaN))
    throw new S2Error("option", `The request has "${value.slice(0, 60)}" where numbers are expected, such as 1,2.`);
  return inner.type === "array" ? numbers : numbers.length === 1 ? numbers[0] : value;
}
