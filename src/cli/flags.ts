/** Flags that several commands share, and how their values are read. Sizes are WIDTHxHEIGHT here and [height, width] in the library. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ImagePlanOptions, LoadModelOptions } from "../node.ts";
import type { PrintFlags } from "./progress.ts";

export type Size = readonly [height: number, width: number];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Flags of the plan of an image; the names are those of the library's options. */
export interface SizeFlags
  extends Pick<
    ImagePlanOptions,
    | ("scales" | "imgSizes" | "maxSplitSize" | "splitMode" | "fit" | "merge" | "resizeOutputToIdx" | "overlap" | "fusion")
    | "maxTilesPerImage"
  > {
  dynamic?: boolean;
  maxTiles?: number;
}

/** Flags of the model. */
export interface ModelFlags
  extends Mutable<Pick<LoadModelOptions, "threads" | "output" | "prefixTokens" | "patchSize" | "imageSize" | "offline">> {
  model?: string;
  device?: string[];
}

/** Flags of `s2 extract`. */
export interface ExtractFlags extends SizeFlags, ModelFlags, PrintFlags {
  splitForward?: number;
  dtype: "float32" | "float16";
  format?: "safetensors" | "npy";
  out: string;
  resume?: boolean;
  picture?: boolean;
}

/** Flags of `s2 train`. */
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

/** Flags of `s2 similar`. */
export interface SimilarFlags extends SizeFlags, ModelFlags, PrintFlags {
  in?: string;
  at?: [x: number, y: number];
  box?: [left: number, top: number, width: number, height: number];
  window?: number;
  pooling?: "cls" | "mean" | "cls+mean";
  top: number;
  store: string;
  out?: string;
}

/** The description of --model and of MODEL arguments. */
export const modelHelp = "a folder, an .onnx file, or owner/name on the hub (default: s2-tiny, which is included)";

/** Creates the flag for the type in which numbers are stored. */
export const dtypeOption = () =>
  new Option("--dtype <type>", "type of the stored numbers").choices(["float32", "float16"]).default("float32");

export function addSizeOptions(command: Command): Command {
  const choice = (flag: string, about: string, ...choices: string[]) => new Option(flag, about).choices(choices);
  command
    .optionsGroup("Sizes and tiles:")
    .addOption(
      new Option("--scales <list>", "multiples of the model's size: 1,2,3 (default: 1,2)")
        .argParser(readScales)
        .conflicts("imgSizes"),
    )
    .option("--img-sizes <list>", "sizes in pixels instead: 224,448 (short sides) or 336x224,672x448 (WIDTHxHEIGHT)", readSizes)
    .option("--max-split-size <size>", "largest tile: 224 or WIDTHxHEIGHT (default: the model's size)", readSize)
    .addOption(
      choice("--fit <how>", "keep the image's shape (default), squash it into the tile's, or crop it", "keep", "squash", "crop"),
    )
    .addOption(choice("--split-mode <mode>", "equal tiles, or exact ones of a resized or padded image", "exact", "resize", "pad"))
    .option("--overlap <tokens>", "tokens that neighboring tiles share and blend (default: 0)", readCount(0))
    .addOption(choice("--merge <how>", "how scales are joined (default: concat)", "concat", "add", "mean"))
    .addOption(choice("--fusion <how>", "how scales of different size are pooled (default: reference)", "reference", "aligned"))
    .option("--resize-output-to-idx <n>", "the scale whose grid is the output's; -1 is the last (default: 0)", readIndex)
    .addOption(
      new Option("--dynamic", "Dynamic S² (NVILA): the last scale's grid of tiles follows the image's shape").conflicts([
        "fit",
        "splitMode",
      ]),
    )
    .option("--max-tiles <n>", "most tiles of the last scale with --dynamic (default: 12)", readCount(1))
    .option("--max-tiles-per-image <n>", "refuse images that become more tiles (default: 1024)", readCount(1));
  return addSizesAlias(command, readSizes);
}

/** Takes --sizes, an earlier name, for --img-sizes. */
export function addSizesAlias<T>(command: Command, read: (text: string) => T): Command {
  const alias = new Option("--sizes <list>", "another name of --img-sizes").argParser(read).hideHelp();
  return command.addOption(alias).on("option:sizes", () => {
    command.setOptionValueWithSource("imgSizes", command.getOptionValue("sizes"), "cli");
    command.setOptionValueWithSource("sizes", undefined, undefined);
  });
}

/** Adds the flags of the model, without `--model`, which is an argument of `s2 inspect`. */
export function addModelOptions(command: Command): Command {
  return command
    .optionsGroup("The model:")
    .option("--threads <n>", "threads of the model (default: physical cores)", readCount(1))
    .option("--device <name>", "cpu (default), webgpu, cuda, coreml, dml; several with commas are tried in order", items)
    .option("--output <name>", "output of the graph to take (default: last_hidden_state, or the only one)")
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

const readSizes = (text: string): (number | Size)[] => items(text).map(readSize);

/** Reads a side, or WIDTHxHEIGHT. */
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

/** Returns the parser of whole numbers from `least`. */
export function readCount(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
  };
}

/** Splits at commas; what reads an item refuses an empty one. */
export const items = (text: string): string[] => text.split(",").map((item) => item.trim());
