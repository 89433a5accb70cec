/** The JSON config files beside a model, and the choice of the one with the preprocessing. Platform-free. */
import { S2Error } from "../core/index.ts";
import { processorIn } from "../images/index.ts";
import { refusalOf } from "./foreign-files.ts";
import { type JsonObject, objectOf } from "./hub-config.ts";

/** Names of the config files of transformers (version 5 writes processor_config.json alone), timm (config.json) and OpenCLIP. */
export const CONFIG_FILES = [
  "config.json",
  "processor_config.json",
  "preprocessor_config.json",
  "video_preprocessor_config.json",
  "open_clip_config.json",
] as const;

type ConfigName = (typeof CONFIG_FILES)[number];

/** The parsed config files of a model. */
export interface Configs {
  readonly config?: JsonObject;
  /** The config with the preprocessing of images. */
  readonly preprocessor?: JsonObject;
}

/** Parses a config file. @throws S2Error "model-file" when it is not a JSON object. */
export function parseConfig(json: Uint8Array, name: string): JsonObject {
  // Not parseJson: a page loads this without a bundler, and then finds no package.
  let reason = "it is not an object";
  try {
    const value = objectOf(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
    if (value) return value;
  } catch (error) {
    reason = (error as Error).message;
  }
  const known = refusalOf(name, json.subarray(0, 48));
  throw new S2Error(
    "model-file",
    known ?? `${name} is not a JSON object (${reason}); correct it, download it again, or move it away.`,
  );
}

/**
 * Chooses as transformers 5 does: the image processor in processor_config.json, then preprocessor_config.json, then the same for video
 * frames. OpenCLIP's config comes last, and is not read beside a timm config, which has the preprocessing itself.
 * @param read returns the parsed file of a name, or undefined where there is none.
 */
export function readConfigs(read: (name: ConfigName) => JsonObject | undefined): Configs {
  const config = read("config.json");
  const processor = read("processor_config.json");
  const preprocessor =
    within(processor, "image_processor") ??
    read("preprocessor_config.json") ??
    within(processor, "video_processor") ??
    read("video_preprocessor_config.json") ??
    processor;
  const openClip = preprocessor === processor && !config?.pretrained_cfg ? read("open_clip_config.json") : undefined;
  const chosen = openClip ?? (preprocessor && processorIn(preprocessor));
  return { ...(config && { config }), ...(chosen && { preprocessor: chosen }) };
}

const within = (file: JsonObject | undefined, name: string): JsonObject | undefined =>
  file?.[name] === undefined || file[name] === null ? undefined : processorIn({ [name]: file[name] });
