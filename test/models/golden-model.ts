/** Golden models (test/fixtures/arch, or twins of them in the same layout): outputs of the reference library, and the error of a built graph. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { buildModel } from "../../src/models/build.ts";
import { fromBfloat16, fromFloat16, readSafetensors, type StoredTensor } from "../../src/tensors/index.ts";

const fixtures = fileURLToPath(new URL("../fixtures/arch", import.meta.url));

/** The folders of all golden models whose name matches: the fixtures', and those in S2_TWINS. */
export function goldenFolders(name: RegExp): string[] {
  return [fixtures, process.env.S2_TWINS]
    .filter((directory) => directory !== undefined)
    .flatMap((directory) => readdirSync(directory).map((folder) => join(directory, folder)))
    .filter((folder) => name.test(folder.split("/").at(-1)!) && existsSync(join(folder, "io.safetensors")));
}

export const readConfig = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;

export const readWeights = (folder: string): Uint8Array => readFileSync(join(folder, "model.safetensors"));

export function toFloats({ dtype, data }: StoredTensor): Float32Array {
  if (dtype === "F16") return fromFloat16(data as Uint16Array);
  return dtype === "BF16" ? fromBfloat16(data as Uint16Array) : (data as Float32Array);
}

/** Runs a model's file; the dims and data of its outputs by name. */
export async function runFile(file: Uint8Array, pixels: StoredTensor): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const outputs = await session.run({ pixel_values: new Tensor("float32", toFloats(pixels), pixels.dims) });
  await session.release();
  return outputs as Record<string, Tensor>;
}

/** The largest difference of every stored output, by name ("logits", "last_hidden_state@48x48"); NaN where shapes differ. */
export async function goldenErrors(folder: string): Promise<Record<string, number>> {
  const { tensors } = readSafetensors(readFileSync(join(folder, "io.safetensors")));
  const names = Object.keys(tensors);
  const errors: Record<string, number> = {};
  for (const input of names.filter((name) => name.startsWith("pixel_values"))) {
    const suffix = input.slice("pixel_values".length);
    const stored = names.filter((name) => !name.startsWith("pixel_values") && (name.split("@")[1] ?? "") === suffix.slice(1));
    const outputs = stored.map((name) => name.split("@")[0]);
    const imageSize = tensors[input].dims.slice(2) as unknown as readonly [number, number];
    const got = await runFile(buildModel(readConfig(folder), readWeights(folder), { outputs, imageSize }), tensors[input]);
    stored.forEach((name, i) => {
      errors[name] = difference(got[outputs[i]], tensors[name]);
    });
  }
  return errors;
}

export function difference(got: Tensor, expected: StoredTensor): number {
  if (String(got.dims) !== String(expected.dims)) return Number.NaN;
  const floats = toFloats(expected);
  return (got.data as Float32Array).reduce((most, value, i) => {
    const error = Math.abs(value - floats[i]);
    return error <= most ? most : error; // A NaN stays.
  }, 0);
}
