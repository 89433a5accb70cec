/** Exports with S² inside: a model's graph, and the vision encoder of a LLaVA-like folder. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { px, type S2Options, type S2Plan } from "../../core/index.ts";
import { imagenet } from "../../images/index.ts";
import { type ExportOptions, exportProto, exportVisionEncoder, type VisionEncoderOptions } from "../../models/index.ts";
import { type ModelProto, metadataOf } from "../../onnx/index.ts";
import type { Model } from "../model.ts";
import { readLlavaFolder } from "./llava-folder.ts";
import { openModelSource } from "./locate.ts";
import { saveFiles } from "./onnx-files.ts";
import { refuseForeign } from "./refuse-foreign.ts";

/** Options of `exportModel`; prefix tokens and layout default to what the model says. `scales` are multiples of the model's size, default [1, 2]. */
export interface ExportModelOptions extends S2Options, Pick<ExportOptions, "output" | "dtype" | "compute"> {
  /** Size of the images that the graph takes; default the largest scale, so that none is enlarged. */
  readonly imageSize?: number | readonly [height: number, width: number];
  /** Takes pixels as bytes [b, h, w, 3] and normalizes them as the model's preprocessing says. */
  readonly bytes?: boolean;
}

/**
 * Exports S² and a loaded model as one graph. Scales that are smaller than the images are filtered unless `antialias` is false; notes name those that
 * are larger.
 */
export async function exportModel(
  { source, traits, preprocessing = imagenet }: Model,
  { imageSize, bytes, scales = [1, 2], imgSizes, ...options }: ExportModelOptions,
): Promise<{ readonly file: ModelProto; readonly notes: readonly string[] }> {
  const [height, width] = asPair(options.maxSplitSize ?? traits.imageSize ?? 224);
  const sizes = imgSizes ?? scales.map((scale) => [Math.round(scale * height), Math.round(scale * width)] as const);
  const largest = sizes.map(asPair).reduce((most, size) => (size[0] * size[1] > most[0] * most[1] ? size : most));
  const file = exportProto(await openModelSource(source), {
    ...{ maxSplitSize: traits.imageSize, numPrefixToken: traits.prefixTokens, outputShape: traits.layout, antialias: true },
    ...options,
    ...{ imgSizes: sizes, imageSize: imageSize ?? largest, pixels: bytes ? preprocessing : undefined },
  });
  return { file, notes: enlargedScales(JSON.parse(metadataOf(file)["s2.plan"])) };
}

/** Returns a sentence for each scale that is larger than the images that the file takes. */
function enlargedScales({ image: [height, width], scales }: S2Plan): string[] {
  return scales.flatMap(({ size }) => {
    const times = Math.max(size[0] / height, size[1] / width);
    if (times <= 1) return [];
    const text = `The scale of ${px(size)} px is ${times.toFixed(1)} times larger than the images that the file takes (${width}x${height}): its tiles see enlarged pixels, no new detail.`;
    return [`${text} Give a larger image size, or smaller scales.`];
  });
}

const asPair = (size: number | readonly [number, number]) => (typeof size === "number" ? ([size, size] as const) : size);

const CONFIGS = ["config.json", "preprocessor_config.json", "processor_config.json"];

/**
 * Writes the vision encoder of a LLaVA-like folder with S², and its config files, as transformers.js loads them. Returns the encoder's path
 * and size in bytes, the visual tokens of an image, and the encoders without S² in the folder, which transformers.js may load instead.
 * @throws S2Error "write" when a file would replace one of someone else.
 */
export function exportLlavaFolder(
  folder: string,
  out: string,
  { visionTower, ...options }: Omit<VisionEncoderOptions, "preprocessor" | "processor"> & { readonly visionTower?: string },
) {
  const name = `onnx/vision_encoder${options.dtype === "float16" ? "_fp16" : ""}.onnx`;
  const path = join(out, name);
  const named = resolve(out) === resolve(folder); // then its configs are replaced
  refuseForeign([{ path }, ...CONFIGS.map((each) => ({ path: join(out, each), named, beside: path }))]);
  const { config, weights, preprocessor, processor } = readLlavaFolder(folder, { visionTower });
  const { file, tokens, plan, configs } = exportVisionEncoder(config, weights, { ...options, preprocessor, processor });
  const asText = (value: object) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  saveFiles(out, { [name]: file, ...Object.fromEntries(Object.entries(configs).map(([key, value]) => [key, asText(value)])) });
  const encoders = readdirSync(join(out, "onnx")).filter((each) => /^vision_encoder.*\.onnx$/.test(each));
  const others = encoders.map((each) => join(out, "onnx", each)).filter((each) => each !== path);
  return { path, bytes: file.length, tokens, plan, others };
}
