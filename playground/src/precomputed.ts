/** Reads the features that scripts/precompute-playground.mjs made of an example. */
import { resize } from "s2-vision";
import { joinScales } from "s2-vision/tasks";
import { readSafetensors } from "s2-vision/web";
import { type Extracted, type ScaleMap, tokensOfMap } from "./session.ts";

export interface Precomputed {
  /** Options of the extraction, as JSON. */
  readonly options: string;
  readonly extracted: Extracted;
}

/** Reads int8 maps, each on its own grid, and enlarges them to the grid of the finest as `extract` does. */
export function readFeatures(file: Uint8Array): Precomputed {
  const { tensors, metadata } = readSafetensors(file);
  const scales = Object.keys(tensors).filter((name) => name.startsWith("scale-")).length;
  const [rows, cols] = tensors[`scale-${scales - 1}`].dims;
  const maps = Array.from({ length: scales }, (_, i): ScaleMap => {
    const { dims, data } = tensors[`scale-${i}`];
    const [high, wide, channels] = dims;
    const step = tensors[`step-${i}`].data;
    const planes = new Float32Array(data.length);
    for (let at = 0; at < data.length; at++)
      planes[(at % channels) * high * wide + Math.floor(at / channels)] = Number(data[at]) * Number(step[at % channels]);
    const { data: large } = resize({ dims: [1, channels, high, wide], data: planes }, [rows, cols], { mode: "bilinear" });
    const tokens = new Float32Array(large.length);
    for (let at = 0; at < large.length; at++)
      tokens[(at % (rows * cols)) * channels + Math.floor(at / (rows * cols))] = large[at];
    return { rows, cols, channels, data: tokens };
  });
  const size: [number, number] = JSON.parse(metadata!.size);
  return { options: metadata!.options, extracted: { maps, tokens: joinScales(maps.map((map) => tokensOfMap(map, size))) } };
}
