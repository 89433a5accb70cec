/** Features as the body of an answer: safetensors, npy or JSON. */
import type { Features } from "../features/index.ts";
import { halfOf, readVersion } from "../runtimes/node/index.ts";
import { writeNpy, writeSafetensors } from "../tensors/index.ts";
import type { FeatureForm } from "./preparation.ts";

/** Encodes features; safetensors carries the model and the plan in its metadata. @throws S2Error "not-finite" for numbers beyond float16. */
export function encodeFeatures(
  { data, dims, grid, gridGeometry, plan }: Features,
  { format, dtype }: FeatureForm,
  model: { readonly name: string; readonly source: string },
): Uint8Array<ArrayBuffer> {
  const half = dtype === "float16" ? halfOf(data) : undefined;
  if (format === "npy") return exact(writeNpy(dims, half ?? data));
  if (format === "json") {
    const { tiles, warnings } = plan;
    const fields = { model: model.name, dims, grid, gridGeometry, numPrefixToken: plan.numPrefixToken, tiles, warnings };
    return exact(new TextEncoder().encode(JSON.stringify({ ...fields, data: Array.from(data) })));
  }
  const features = half ? ({ dtype: "F16", dims, data: half } as const) : ({ dtype: "F32", dims, data } as const);
  const metadata = { model: model.name, plan: JSON.stringify(plan), s2_vision: readVersion() };
  return exact(writeSafetensors({ features }, metadata));
}

/** Returns bytes that fill their buffer, so that they are moved between threads. */
const exact = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
