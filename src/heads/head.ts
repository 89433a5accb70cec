/** What all heads share: plain data, written as head.json and head.safetensors and read back bit for bit. */
import {
  array,
  type InferOutput,
  integer,
  looseObject,
  minLength,
  minValue,
  number,
  type ObjectEntries,
  pipe,
  record,
  string,
} from "valibot";
import { firstNotFinite, S2Error, type Tensor } from "../core/index.ts";
import { readSafetensors, writeSafetensors } from "../tensors/index.ts";
import { checkJson, parseJson } from "../tensors/json.ts";

/** What stands on frozen features. All but the tensors is JSON: a kind that names the head, and its own fields. */
export interface Head {
  readonly kind: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** A head that takes features scale by scale. */
export interface FeatureHead extends Head {
  /** Channels of each scale, as the features have them that it was made from. */
  readonly channelsPerScale: readonly number[];
}

/**
 * The content of head.json and of head.safetensors.
 * @throws S2Error "head" for a field that JSON does not keep (a number that is not finite, undefined, a typed array).
 */
export function writeHead({ tensors, ...fields }: Head): { json: string; weights: Uint8Array } {
  for (const [name, value] of Object.entries(fields)) checkPlain(name, value);
  const dims = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dims]));
  const stored = Object.entries(tensors).map(([name, tensor]) => [name, { dtype: "F32" as const, ...tensor }]);
  return {
    json: `${JSON.stringify({ ...fields, tensors: dims }, null, 2)}\n`,
    weights: writeSafetensors(Object.fromEntries(stored), { s2_vision: "head" }), // by which the file is known as ours
  };
}

/**
 * The head of the two files' contents. Its tensors are views on `weights`.
 * @throws S2Error "head" when the two do not belong together or are no head; "safetensors" for damaged weights.
 */
export function readHead(json: string, weights: Uint8Array): Head {
  const source = { code: "head" as const, name: "head.json", advice: "Fit the head again." };
  parseJson(headFile, json, source); // for its refusals alone: valibot drops fields that are named like "prototype"
  const { kind, tensors: dims, ...fields } = JSON.parse(json.replace(/^\uFEFF/, "")) as InferOutput<typeof headFile>;
  const { tensors: stored } = readSafetensors(weights);
  const wanted = Object.entries(dims);
  const tensors = wanted.map(([name, expected]): [string, Tensor] => {
    const found = stored[name];
    if (found?.dtype !== "F32" || String(found.dims) !== String(expected))
      throw new S2Error(
        "head",
        `head.safetensors has ${name} as ${found ? `${found.dtype} [${found.dims.join(", ")}]` : "nothing"}, and head.json says F32 [${expected.join(", ")}]; the two files are of different heads.`,
      );
    return [name, { dims: found.dims, data: found.data as Float32Array }];
  });
  return { kind, ...fields, tensors: Object.fromEntries(tensors) };
}

const headFile = looseObject({ kind: string(), tensors: record(string(), array(number())) });

function checkPlain(name: string, value: unknown): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return;
  const proto = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (proto === Object.prototype || proto === Array.prototype) {
    for (const [key, inner] of Object.entries(value as object)) checkPlain(`${name}.${key}`, inner);
    return;
  }
  throw new S2Error(
    "head",
    `The head's field ${name} is ${Object.is(value, -0) ? "-0" : String(value)}, which JSON does not keep; expected strings, finite numbers, truths, lists and plain objects.`,
  );
}

function checkKind(head: Head, kind: string): void {
  if (head.kind !== kind)
    throw new S2Error("head", `Got a head of kind "${head.kind}"; expected "${kind}". Open it as what it is.`);
}

const channelsPerScale = pipe(array(pipe(number(), integer(), minValue(1))), minLength(1));

/**
 * Checks a head's kind, the channels of its scales and its own fields, on which the dims of its tensors depend.
 * @throws S2Error "head".
 */
export function checkFields(head: FeatureHead, kind: string, fields: ObjectEntries): void {
  checkKind(head, kind);
  const source = { code: "head" as const, name: `The ${kind} head`, advice: "Fit it again." };
  checkJson(looseObject({ channelsPerScale, ...fields }), head, source);
}

/**
 * Checks a head before it runs: its kind, and that its tensors have these dims and finite numbers.
 * @throws S2Error "head".
 */
export function checkHead(head: Head, kind: string, dims: Readonly<Record<string, readonly number[]>>): void {
  checkKind(head, kind);
  for (const [name, expected] of Object.entries(dims)) {
    const found = head.tensors[name];
    if (String(found?.dims) !== String(expected))
      throw new S2Error(
        "head",
        `The ${kind} head's ${name} is [${found?.dims.join(", ") ?? "absent"}]; its other fields want [${expected.join(", ")}]. Fit it again.`,
      );
    const bad = firstNotFinite(found.data);
    if (bad >= 0)
      throw new S2Error(
        "head",
        `The ${kind} head's ${name} has ${found.data[bad]} at ${bad}; expected finite numbers. The file is damaged: fit the head again.`,
      );
  }
}
