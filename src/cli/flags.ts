/** Flags that several commands share. Sizes are WIDTHxHEIGHT here and [height, width] in the library. */
import { type Command, Option } from "commander";
import type { ImagePlanOptions } from "../features/index.ts";
import type { LoadModelOptions } from "../node.ts";
import { items, readCount, readFraction, readIndex, readPositive, readScales, readSize, readSizes } from "./flag-values.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Options of the plan of an image that flags of the same names give as they are. */
export const sizeOptions = [
  ...(["scales", "imgSizes", "preset", "fit", "splitMode", "maxSplitSize", "merge", "resizeOutputToIdx"] as const),
  ...(["outputScale", "overlap", "fusion", "minDetail", "tileFraction", "maxTilesPerImage"] as const),
];

/** Flags of the plan of an image. */
export interface SizeFlags extends Pick<ImagePlanOptions, (typeof sizeOptions)[number]> {
  dynamic?: boolean;
  maxTiles?: number;
}

/** Flags of the model. */
export interface ModelFlags
  extends Mutable<Pick<LoadModelOptions, "threads" | "output" | "prefixTokens" | "patchSize" | "imageSize" | "offline">> {
  model?: string;
  device?: string[];
  verbose?: boolean;
}

/** The description of --model and of MODEL arguments. */
export const modelHelp =
  "a folder, an .onnx file, owner/name on the hub, or a name of `s2 models` (default: s2-tiny, which is included)";

/** Creates the flag for the type in which numbers are stored. */
export const dtypeOption = () => choice("--dtype <type>", "type of the stored numbers", "float32", "float16").default("float32");

/** Creates a flag that takes one of the choices. */
export const choice = (flag: string, about: string, ...choices: string[]) => new Option(flag, about).choices(choices);

/** Creates the flag for how an image's tokens become one vector. */
export const poolingOption = (about: string) =>
  choice("--pooling <how>", `${about} (default: cls where the model has one, else mean)`, "cls", "mean", "cls+mean");

export function addSizeOptions(command: Command): Command {
  const scales = new Option("--scales <list>", "multiples of the model's size: 1,2,3 (default: 1,2)");
  const dynamic = new Option("--dynamic", "Dynamic S² (NVILA): the last scale's grid of tiles follows the image's shape");
  command
    .optionsGroup("Sizes and tiles:")
    .addOption(
      choice(
        "--preset <use>",
        "the options measured best: dense for masks, depth, places; global for classes, search",
        "dense",
        "global",
      ),
    )
    .addOption(scales.argParser(readScales).conflicts("imgSizes"))
    .option("--img-sizes <list>", "sizes in pixels instead: 224,448 (short sides) or 336x224,672x448 (WIDTHxHEIGHT)", readSizes)
    .option("--max-split-size <size>", "largest tile: 224 or WIDTHxHEIGHT (default: the model's size)", readSize)
    .addOption(
      choice(
        "--fit <how>",
        "the whole image first, then its shape (default), or within a square; its shape; squash; crop",
        "whole",
        "within",
        "keep",
        "squash",
        "crop",
      ),
    )
    .addOption(
      choice(
        "--split-mode <mode>",
        "equal tiles, or exact ones: image resized, padded, tiles shifted",
        "exact",
        "resize",
        "pad",
        "cover",
      ),
    )
    .option("--overlap <tokens>", "tokens that neighboring tiles share and blend (default: 0)", readCount(0))
    .addOption(choice("--merge <how>", "how scales are joined (default: concat)", "concat", "add", "mean"))
    .addOption(choice("--fusion <how>", "how scales meet on one grid (default: bilinear)", "reference", "aligned", "bilinear"))
    .option("--resize-output-to-idx <n>", "the scale whose grid is the output's; -1 is the last (default: 0)", readIndex)
    .addOption(choice("--output-scale <name>", "the same by name", "coarsest", "finest").conflicts("resizeOutputToIdx"))
    .option("--min-detail <levels>", "skip finer tiles of less detail: mean difference to the scale before, of 255", readPositive)
    .option("--tile-fraction <number>", "run at most this fraction of the tiles, those of most detail: 0.5", readFraction)
    .addOption(dynamic.conflicts(["fit", "splitMode", "preset"]))
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
    .option("--offline", "hub names: use what was downloaded before")
    .option("--verbose", "print the model and where it runs, and the stack of errors");
}
