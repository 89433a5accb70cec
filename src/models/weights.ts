/** The tensors of a hub model by name, as float32: what is missing, misshapen or never read is noted, and refused all at once. */
import { S2Error } from "../core/index.ts";
import { count } from "../onnx/index.ts";
import { fromBfloat16, fromFloat16, type StoredTensor } from "../tensors/index.ts";

export interface Weight {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Weights below a name: `weights.under("blocks.0").get("norm1.weight", [192])` is `blocks.0.norm1.weight`. */
export interface Weights {
  /** The name that all others are below; "" at the top. */
  readonly path: string;
  under(name: string | number): Weights;
  has(name: string): boolean;
  /** The stored shape; undefined when there is no such tensor. */
  dims(name: string): readonly number[] | undefined;
  /** The tensor, whose shape must be `dims` but for sizes of 1; else zeros, and `refuseIssues` throws. */
  get(name: string, dims: readonly number[]): Weight;
  /** Counts numbered parts: `count("blocks")` for blocks.0, blocks.1 ... */
  count(name: string): number;
  /** @throws S2Error "weights" that names every tensor that was asked for and is missing or misshapen, or was not and is not `unused`. */
  refuseIssues(unused?: RegExp): void;
}

/** Replacements, all applied in this order: `["attn.proj.", "attention.output.dense."]`. */
export type Names = readonly (readonly [from: string | RegExp, to: string])[];

/** From the names that a graph uses for weights to those of the source library. */
export interface Naming {
  /** Before the names in files of larger models (classifiers, towers): `vit`; with or without it, both are read. */
  readonly prefix?: string;
  readonly names?: Names;
}

/** Tensors by the names that the graphs use. */
export function makeWeights(tensors: Readonly<Record<string, StoredTensor>>, { prefix, names = [] }: Naming = {}): Weights {
  const wrapped = prefix !== undefined && Object.keys(tensors).some((stored) => stored.startsWith(`${prefix}.`));
  const issues = new Map<string, string>();
  let zeros = 0;
  const read = new Set<string>();
  const below = (path: string): Weights => {
    /** The name in the file: heads are outside of the prefix. */
    const stored = (name: string | number): string => {
      const full = path ? `${path}.${name}` : String(name);
      const storedName = names.reduce((changed, [from, to]) => changed.replace(from, to), full);
      return wrapped && !(storedName in tensors) ? `${prefix}.${storedName}` : storedName;
    };
    return {
      path,
      under: (name) => below(path ? `${path}.${name}` : String(name)),
      has: (name) => stored(name) in tensors,
      dims: (name) => tensors[stored(name)]?.dims,
      get: (name, dims) => {
        const storedName = stored(name);
        const tensor = tensors[storedName];
        read.add(storedName);
        if (!tensor) issues.set(storedName, `${storedName} ${shape(dims)} is missing`);
        else if (shape(withoutOnes(tensor.dims)) !== shape(withoutOnes(dims)))
          issues.set(storedName, `${storedName} is ${shape(tensor.dims)}, expected ${shape(dims)}`);
        else return { dims, data: toFloat32(storedName, tensor) };
        // A config of a model much larger than the file would fill the memory with zeros.
        zeros += count(dims);
        if (issues.size > 500 || zeros > 2 ** 26) refuse([...issues.values()]);
        return { dims, data: new Float32Array(count(dims)) };
      },
      count: (name) => {
        const numbered = stored(`${name}.`);
        const numbers = Object.keys(tensors)
          .filter((key) => key.startsWith(numbered))
          .map((key) => Number.parseInt(key.slice(numbered.length), 10));
        return numbers.reduce((most, number) => (number >= most ? number + 1 : most), 0);
      },
      refuseIssues: (unused) => {
        const unread = Object.entries(tensors).filter(
          ([storedName, { dtype, dims }]) =>
            !read.has(storedName) && !unused?.test(storedName) && count(dims) > 0 && !isBuffer(storedName, dtype),
        );
        refuse([
          ...issues.values(),
          ...unread.map(([storedName, { dims }]) => `${storedName} ${shape(dims)} is not of this model`),
        ]);
      },
    };
  };
  return below("");
}

/** Weights are floats: whole numbers and truth values are indices and counters, which the graph has as constants. A batch norm's counter may be cast with them. */
const isBuffer = (name: string, dtype: string): boolean =>
  /^(I|U)\d+$|^BOOL$/.test(dtype) || /(^|\.)num_batches_tracked$/.test(name);

const shape = (dims: readonly number[]): string => `[${dims.join(", ")}]`;

/** Libraries differ in these: a class token is [192] or [1, 1, 192], a linear layer may be a convolution [out, in, 1, 1]. */
const withoutOnes = (dims: readonly number[]): readonly number[] => dims.filter((dim) => dim !== 1);

function refuse(issues: readonly string[]): void {
  if (issues.length === 0) return;
  const more = issues.length > 8 ? ` and ${issues.length - 8} more` : "";
  throw new S2Error(
    "weights",
    `The weights do not fit the config: ${issues.slice(0, 8).join("; ")}${more}. Check that config.json and model.safetensors belong together.`,
  );
}

function toFloat32(name: string, { dtype, data }: StoredTensor): Float32Array {
  if (dtype === "F32") return data as Float32Array;
  if (dtype === "F16") return fromFloat16(data as Uint16Array);
  if (dtype === "BF16") return fromBfloat16(data as Uint16Array);
  if (dtype === "F64") return Float32Array.from(data as Float64Array);
  throw new S2Error(
    "weights",
    `The tensor ${name} is ${dtype}; weights are F32, F16, BF16 or F64. Give the unquantized weights.`,
  );
}
