/** The tensors of a hub model by name, as float32: what is missing or has another shape is noted, and refused all at once. */
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
  /** The tensor, whose shape must be `dims`; zeros when it is not, and `refuseProblems` tells. */
  get(name: string, dims: readonly number[]): Weight;
  /** How many numbered parts there are: `count("blocks")` for blocks.0, blocks.1 ... */
  count(name: string): number;
  /** @throws S2Error "weights" that names every tensor that was asked for and is missing or misshapen. */
  refuseProblems(): void;
}

/** Tensors by the names that the graphs use; `rename` gives a stored name's, or undefined for a tensor that is not of this model. */
export function makeWeights(
  tensors: Readonly<Record<string, StoredTensor>>,
  rename: (stored: string) => string | undefined = (name) => name,
): Weights {
  const byName = new Map<string, { stored: string; tensor: StoredTensor }>();
  for (const [stored, tensor] of Object.entries(tensors)) {
    const name = rename(stored);
    if (name !== undefined) byName.set(name, { stored, tensor });
  }
  const problems = new Map<string, string>();
  const below = (path: string): Weights => {
    const full = (name: string | number) => (path ? `${path}.${name}` : String(name));
    return {
      path,
      under: (name) => below(full(name)),
      has: (name) => byName.has(full(name)),
      dims: (name) => byName.get(full(name))?.tensor.dims,
      get: (name, dims) => {
        const found = byName.get(full(name));
        const wanted = `[${dims.join(", ")}]`;
        if (!found) problems.set(full(name), `${full(name)} ${wanted} is missing`);
        else if (String(found.tensor.dims) !== String(dims))
          problems.set(full(name), `${found.stored} is [${found.tensor.dims.join(", ")}], expected ${wanted}`);
        else return { dims, data: toFloat32(found.stored, found.tensor) };
        return { dims, data: new Float32Array(count(dims)) };
      },
      count: (name) => {
        const start = `${full(name)}.`;
        const numbers = [...byName.keys()]
          .filter((key) => key.startsWith(start))
          .map((key) => Number.parseInt(key.slice(start.length), 10));
        return numbers.reduce((most, number) => (number >= most ? number + 1 : most), 0);
      },
      refuseProblems: () => {
        if (problems.size === 0) return;
        const list = [...problems.values()];
        const more = list.length > 8 ? ` and ${list.length - 8} more` : "";
        throw new S2Error(
          "weights",
          `The weights do not fit the config: ${list.slice(0, 8).join("; ")}${more}. Check that config.json and model.safetensors belong together.`,
        );
      },
    };
  };
  return below("");
}

function toFloat32(name: string, { dtype, data }: StoredTensor): Float32Array {
  if (dtype === "F32") return data as Float32Array;
  if (dtype === "F16") return fromFloat16(data as Uint16Array);
  if (dtype === "BF16") return fromBfloat16(data as Uint16Array);
  if (dtype === "F64") return Float32Array.from(data as Float64Array);
  throw new S2Error(
    "weights",
    `The tensor ${name} is ${dtype}; weights are F32, F16, BF16 or F64. Give the unquantised weights.`,
  );
}
