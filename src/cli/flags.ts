/** The options that subcommands share, how they are written and how their values are read. Sizes are WIDTHxHEIGHT on the command line. */
import { type Command, InvalidArgumentError, Option } from "commander";

/** As the library has it; the command line's WIDTHxHEIGHT is turned around on reading. */
export type Size = readonly [height: number, width: number];

/** How an image is looked at: S2Options in flags. */
export interface SizeFlags {
  scales?: number[];
  sizes?: (number | Size)[];
  maxSplitSize?: number | Size;
  splitMode?: "exact" | "resize" | "pad";
  fit?: "keep" | "squash" | "crop";
  merge?: "concat" | "add" | "mean";
  resizeOutputToIdx?: number;
  overlap?: number;
  fusion?: "reference" | "aligned";
  dynamic?: boolean;
  maxTiles?: number;
  maxTilesPerImage?: number;
}

/** Which model runs, and where. */
export interface ModelFlags {
  model?: string;
  threads?: number;
  device?: string[];
  output?: string;
  prefixTokens?: number;
  patchSize?: number;
  imageSize?: number | Size;
  offline?: boolean;
}

/** Those of `s2 extract`. */
export interface ExtractFlags extends SizeFlags, ModelFlags {
  splitForward?: number;
  dtype: "float32" | "float16";
  format?: "safetensors" | "npy";
  out: string;
  resume?: boolean;
  picture?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Those of `s2 train`. */
export interface TrainFlags extends Omit<ModelFlags, "model"> {
  teacher: string;
  out: string;
  steps: number;
  views?: number;
  dim: number;
  depth: number;
  heads: number;
  s2?: boolean;
  seed: number;
  training?: string;
}

/** Those of `s2 similar`. */
export interface SimilarFlags extends SizeFlags, ModelFlags {
  in?: string;
  at?: [x: number, y: number];
  box?: [left: number, top: number, width: number, height: number];
  window?: number;
  pooling?: "cls" | "mean" | "cls+mean";
  top: number;
  store: string;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

export function addSizeOptions(command: Command): Command {
  const choice = (flag: string, about: string, choices: string[]) => new Option(flag, about).choices(choices);
  return command
    .optionsGroup("How the image is looked at:")
    .addOption(
      new Option("--scales <list>", "multiples of the model's size: 1,2,3 (default: 1,2)")
        .argParser(readScales)
        .conflicts("sizes"),
    )
    .option("--sizes <list>", "sizes in pixels instead: 224,448 (short sides) or 336x224,672x448 (WIDTHxHEIGHT)", readSizes)
    .option("--max-split-size <size>", "largest tile: 224 or WIDTHxHEIGHT (default: the model's size)", readSize)
    .addOption(
      choice("--fit <how>", "keep the image's shape (default), squash it into the tile's, or crop it", [
        "keep",
        "squash",
        "crop",
      ]),
    )
    .addOption(
      choice("--split-mode <mode>", "equal tiles, or exact ones of a resized or padded image", ["exact", "resize", "pad"]),
    )
    .option("--overlap <tokens>", "tokens that neighboring tiles share and blend (default: 0)", readCount(0))
    .addOption(choice("--merge <how>", "how scales are joined (default: concat)", ["concat", "add", "mean"]))
    .addOption(choice("--fusion <how>", "how scales of different extent are pooled", ["reference", "aligned"]))
    .option("--resize-output-to-idx <n>", "the scale whose grid is the output's; -1 is the last (default: 0)", readIndex)
    .addOption(
      new Option("--dynamic", "Dynamic S² (NVILA): the last scale's grid of tiles follows the image's shape").conflicts([
        "fit",
        "splitMode",
      ]),
    )
    .option("--max-tiles <n>", "most tiles of the last scale with --dynamic (default: 12)", readCount(1))
    .option("--max-tiles-per-image <n>", "refuse images that become more tiles (default: 1024)", readCount(1));
}

/** Without `--model`, which is an argument of `s2 inspect`. */
export function addModelOptions(command: Command): Command {
  return command
    .optionsGroup("The model:")
    .option("--threads <n>", "threads of the model (default: physical cores)", readCount(1))
    .option("--device <name>", "cpu (default), webgpu, cuda, coreml, dml; several with commas are tried in order", readWords)
    .option("--output <name>", "the graph's output to take (default: last_hidden_state, or the only one)")
    .option("--prefix-tokens <n>", "tokens before the grid, where no config.json says it", readCount(0))
    .option("--patch-size <n>", "pixels on a side of one token, where no config.json says it", readCount(1))
    .option(
      "--image-size <size>",
      "the model's own size, where neither graph nor config.json says it; a folder's weights are built at it",
      readSize,
    )
    .option("--offline", "hub names: use what was downloaded before");
}

function readScales(text: string): number[] {
  return items(text).map((item) => {
    const scale = Number(item);
    if (Number.isFinite(scale) && scale > 0) return scale;
    throw new InvalidArgumentError(`Expected positive numbers with commas between: 1,2,3.`);
  });
}

function readSizes(text: string): (number | Size)[] {
  return items(text).map(readSize);
}

/** A side, or WIDTHxHEIGHT. */
export function readSize(text: string): number | Size {
  const [, width, height] = /^(\d+)(?:[x×](\d+))?$/i.exec(text.trim()) ?? [];
  const [w, h] = [Number(width), Number(height ?? width)];
  if (!(w > 0 && h > 0)) throw new InvalidArgumentError("Expected pixels: a side such as 224, or WIDTHxHEIGHT such as 336x224.");
  return height === undefined ? w : [h, w];
}

function readIndex(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number: 0 for the first scale, -1 for the last.");
}

export function readCount(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
  };
}

function readWords(text: string): string[] {
  return items(text);
}

/** An empty item is refused by whoever reads it. */
function items(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}
