/** The type of all heads, plain data, and their files head.json and head.safetensors, which are read back bit for bit. */
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
import { channelsOf } from "./batches.ts";

/** A head on frozen features. All fields but the tensors are JSON. */
export interface Head {
  /** Names the type of the head: "probe", "segmentation" ... */
  readonly kind: string;
  /** Weights by name. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** A head that takes features scale by scale. */
export interface FeatureHead extends Head {
  /** Channels of each scale of the features that it was fitted to. */
  readonly channelsPerScale: readonly number[];
}

/**
 * Returns the content of head.json and of head.safetensors.
 * @throws S2Error "head" for a field that JSON does not keep (a number that is not finite, undefined, a typed array).
 */
export function writeHead({ tensors, ...fields }: Head): { json: string; weights: Uint8Array } {
  for (const [name, value] of Object.entries(fields)) checkPlain(name, value);
  const dims = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dims]));
  const stored = Object.entries(tensors).map(([name, tensor]) => [name, { dtype: "F32" as const, ...tensor }]);
  return {
    json: `${JSON.stringify({ ...fields, tensors: dims }, null, 2)}\n`,
    weights: writeSafetensors(Object.fromEntries(stored), { s2_vision: "head" }), // marks the file as ours
  };
}

/**
 * Reads a head from the contents of its two files. Its tensors are views on `weights`.
 * @throws S2Error "head" when the two do not belong together or are no head; "safetensors" for damaged weights.
 */
export function readHead(json: string, weights: Uint8Array): Head {
  const source = { code: "head" as const, name: "head.json", advice: "Fit the head again." };
  parseJson(headFile, json, source); // for its errors alone: valibot drops fields that are named like "prototype"
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
    `The head's field ${name} is ${Object.is(value, -0) ? "-0" : String(value)}, which JSON does not keep; expected strings, finite numbers, booleans, lists and plain objects.`,
  );
}

const channelsPerScale = pipe(array(pipe(number(), integer(), minValue(1))), minLength(1));

/**
 * Checks a head's kind, the channels of its scales, its other fields, and that its tensors have the dims that follow from these and finite
 * numbers. Returns the sum of the channels.
 * @throws S2Error "head".
 */
export function checkHead(
  head: FeatureHead,
  kind: string,
  fields: ObjectEntries,
  dimsFor: (channels: number) => Readonly<Record<string, readonly number[]>>,
): number {
  if (head.kind !== kind)
    throw new S2Error("head", `Got a head of kind "${head.kind}"; expected "${kind}". Open it with the function for its kind.`);
  const source = { code: "head" as const, name: `The ${kind} head`, advice: "Fit it again." };
  checkJson(looseObject({ channelsPerScale, ...fields }), head, source);
  const channels = channelsOf(head.channelsPerScale);
  for (const [name, expected] of Object.entries(dimsFor(channels))) {
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
  return channels;
}

/** The dims of a linear map's tensors. */
export const linearDims = (outputs: number, channels: number) => ({ weight: [outputs, channels], bias: [outputs] });
