/** Preprocessing of pixel values, read from the files of transformers (preprocessor_config.json) and timm (pretrained_cfg). */
import { S2Error } from "../core/index.ts";
import type { Filter } from "./pixels.ts";
import { clipNormalization, imagenetNormalization, processorDefaults } from "./processor-defaults.ts";

type Three = readonly [number, number, number];
type Fields = Readonly<Record<string, unknown>>;

/** value -> (value * rescale - mean) / std for each of R, G, B, value being 0 .. 255; `filter` is what pictures are resized with. */
export interface Preprocessing {
  /** Mean of red, green and blue, after rescaling. */
  readonly mean: Three;
  /** Standard deviation of red, green and blue. */
  readonly std: Three;
  /** Factor of the values, mostly 1/255. */
  readonly rescale: number;
  /** Filter that images are resized with. */
  readonly filter: Filter;
}

/** ImageNet's mean and deviation with bicubic resizing: DINOv2 and most of timm. */
export const imagenet: Preprocessing = {
  ...imagenetNormalization,
  rescale: 1 / 255,
  filter: "bicubic",
};

/**
 * Reads parsed JSON: `preprocessor` is transformers' preprocessor_config.json, a processor_config.json with `image_processor` inside, or
 * an open_clip_config.json; `config` is config.json, of which only timm's fields speak here. The preprocessor wins; undefined when neither
 * says anything. Fields that a file leaves out are those of its processor's class (`image_processor_type`) where that is known.
 * Sizes and crops are ignored: S² picks the sizes. Throws S2Error "preprocessing" for what is malformed or cannot be done here.
 */
export function readPreprocessing(files: { preprocessor?: unknown; config?: unknown }): Preprocessing | undefined {
  return (
    fromTransformers(fields(files.preprocessor, "preprocessor_config.json")) ?? fromTimm(fields(files.config, "config.json"))
  );
}

const spoken = ["image_mean", "image_std", "do_normalize", "do_rescale", "rescale_factor", "resample"];

/** Values that change pixels in ways that `Preprocessing` cannot express; ignoring them would give wrong features without a word. */
const impossible = ["do_flip_channel_order", "rescale_offset"];

/** Fields as in transformers' BaseImageProcessor; one that is absent does what its processor does by default. */
function fromTransformers(file: Fields): Preprocessing | undefined {
  if (isThere(file.model_cfg) || isThere(file.preprocess_cfg)) return fromOpenClip(file);
  const given = processorIn(file);
  const flag = impossible.find((name) => given[name] === true);
  if (flag)
    refuse(
      flag,
      true,
      "false or no such field",
      "This model's pixels are prepared in a way that is not supported; prepare them yourself",
    );
  const defaults = processorDefaults(given.image_processor_type ?? given.feature_extractor_type ?? given.video_processor_type);
  if (!defaults && !spoken.some((name) => isThere(given[name]))) return undefined;
  const normalizes = given.do_normalize ?? (defaults !== undefined || isThere(given.image_mean) || isThere(given.image_std));
  return {
    mean: normalizes ? mean(given.image_mean ?? defaults?.mean, "image_mean") : [0, 0, 0],
    std: normalizes ? deviation(given.image_std ?? defaults?.std, "image_std") : [1, 1, 1],
    rescale: given.do_rescale === false ? 1 : factor(given.rescale_factor ?? 1 / 255, "rescale_factor"),
    filter: filterOf(given.resample ?? defaults?.filter ?? "bicubic", "resample"),
  };
}

/** The processor of images in a file that may hold several; one of video frames where there is no other. */
export function processorIn(file: Fields): Fields {
  for (const name of ["image_processor", "video_processor"]) if (isThere(file[name])) return fields(file[name], name);
  return file;
}

/** OpenCLIP's PreprocessCfg: what is absent is as CLIP was trained. */
function fromOpenClip(file: Fields): Preprocessing {
  const given = fields(file.preprocess_cfg, "preprocess_cfg");
  return {
    mean: mean(given.mean ?? clipNormalization.mean, "mean"),
    std: deviation(given.std ?? clipNormalization.std, "std"),
    rescale: imagenet.rescale,
    filter: filterOf(given.interpolation ?? "bicubic", "interpolation"),
  };
}

/** `pretrained_cfg`, or the same fields at top level as older hub files have them; absent ones as in timm's resolve_data_config. */
function fromTimm(config: Fields): Preprocessing | undefined {
  const nested = isThere(config.pretrained_cfg);
  // timm names its one `architecture`; transformers has a list of `architectures`, and its `mean` or `std` would mean something else.
  if (!nested && typeof config.architecture !== "string") return undefined;
  const given = nested ? fields(config.pretrained_cfg, "pretrained_cfg") : config;
  if (![given.mean, given.std, given.interpolation].some(isThere)) return undefined;
  return {
    mean: mean(given.mean ?? imagenet.mean, "mean"),
    std: deviation(given.std ?? imagenet.std, "std"),
    rescale: imagenet.rescale, // torchvision's ToTensor, always
    filter: filterOf(given.interpolation ?? "bicubic", "interpolation"),
  };
}

/** Refuses a `Preprocessing` made by hand whose numbers would give NaN or infinite values; S2Error "preprocessing". */
export function checkPreprocessing(preprocessing: Preprocessing): void {
  mean(preprocessing.mean, "mean");
  deviation(preprocessing.std, "std");
  factor(preprocessing.rescale, "rescale");
}

function mean(value: unknown, name: string): Three {
  return isThree(value) ? value : refuse(name, value, "three finite numbers, for R, G and B", "Correct the file");
}

function deviation(value: unknown, name: string): Three {
  if (isThree(value) && value.every((one) => one > 0)) return value;
  return refuse(name, value, "three finite numbers above 0, for R, G and B: values are divided by them", "Correct the file");
}

function factor(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  return refuse(name, value, "a finite number above 0, mostly 1/255", "Correct the file");
}

const pilNumbers = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]; // PIL.Image.Resampling
const supported: readonly string[] = ["bicubic", "bilinear", "lanczos", "box"] satisfies Filter[];

/** 3, "bicubic", "BICUBIC" and "PILImageResampling.BICUBIC" are all bicubic. */
function filterOf(value: unknown, name: string): Filter {
  const word = typeof value === "number" ? pilNumbers[value] : String(value).toLowerCase().split(".").pop();
  if (word !== undefined && supported.includes(word)) return word as Filter;
  const got = typeof value === "number" && word ? `${value} (${word})` : value;
  return refuse(
    name,
    got,
    "1 (lanczos), 2 (bilinear), 3 (bicubic) or 4 (box), or one of these words",
    "Choose the nearest of these in the file",
  );
}

function fields(value: unknown, name: string): Fields {
  if (!isThere(value)) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Fields;
  throw new S2Error(
    "preprocessing",
    `Got ${JSON.stringify(value)} as ${name}; expected a JSON object. Parse the file and give its object.`,
  );
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isThree(value: unknown): value is Three {
  return Array.isArray(value) && value.length === 3 && value.every((one) => Number.isFinite(one));
}

function refuse(name: string, got: unknown, expected: string, advice: string): never {
  const shown = typeof got === "string" ? got : (JSON.stringify(got) ?? "nothing");
  throw new S2Error(
    "preprocessing",
    `Got ${name} ${shown}; expected ${expected}. ${advice}, or give mean, std, rescale and filter yourself.`,
  );
}
