/** `s2 build`, `export`, `quantize` and `convert`: models as files. */
import { type Command, Option } from "commander";
import { S2Error, type S2Options } from "../core/index.ts";
import type { ModelProto } from "../onnx/index.ts";
import { failingWith } from "./errors.ts";
import { addSizeOptions, readCount, readSize, type Size, type SizeFlags } from "./flags.ts";
import { writeMessage, writeReport } from "./output.ts";
import { onnxOutputs, refuseForeign } from "./own-files.ts";
import { status } from "./status.ts";

const out = (command: Command) => command.requiredOption("-o, --out <file>", "the .onnx file to write");

/** Writes the file, and one beside it where its weights do not fit in one, and says how large they are. */
async function write(path: string, model: ModelProto): Promise<void> {
  const { saveOnnx } = await import("../runtimes/node/index.ts");
  for (const { path: file, bytes } of saveOnnx(path, model)) writeReport(`${file}: ${(bytes / 1e6).toFixed(1)} MB\n`);
}

const open = (source?: string): Promise<ModelProto> =>
  failingWith(status.model, async () => (await import("../runtimes/node/index.ts")).openModelSource(source));

export function defineBuild(program: Command): void {
  const command = program
    .command("build")
    .summary("a hub model's weights into an .onnx file")
    .description("Builds an ONNX file from a folder with config.json and model.safetensors (transformers' or timm's).")
    .argument("[FOLDER]", "a folder with config.json and model.safetensors (default: s2-tiny, which is included)")
    .option("--image-size <size>", "for images of another size: 384 or WIDTHxHEIGHT (default: the model's)", readSize)
    .option("--outputs <names>", "outputs by the source library's names, with commas between", (text: string) => text.split(","));
  out(command)
    .addHelpText("after", "\nExamples:\n  s2 build -o s2-tiny.onnx\n  s2 build --image-size 384 -o s2-tiny-384.onnx")
    .action(
      async (
        folder: string | undefined,
        { out: path, imageSize, outputs }: { out: string; imageSize?: number | Size; outputs?: string[] },
      ) => {
        refuseForeign(onnxOutputs(path));
        const { bundledModel, readHubFolder } = await import("../runtimes/node/index.ts");
        const { buildProto } = await import("../models/index.ts");
        const { readPreprocessing } = await import("../images/index.ts");
        const model = await failingWith(status.model, () => {
          const { config, preprocessor, weights } = readHubFolder(folder ?? bundledModel);
          return buildProto(config, weights, { imageSize, outputs, preprocessing: readPreprocessing({ config, preprocessor }) });
        });
        await write(path, model);
      },
    );
}

interface ExportFlags extends SizeFlags {
  model?: string;
  imageSize?: number | Size;
  prefixTokens?: number;
  antialias?: boolean;
  output?: string;
  splitForward?: number;
  bytes?: boolean;
  dtype: "float32" | "float16";
  out: string;
}

export function defineExport(program: Command): void {
  const command = program
    .command("export")
    .summary("S² and its model as one .onnx file")
    .description("Writes one ONNX file that takes images and gives their multi-scale features, with the model inside.")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub (default: s2-tiny, which is included)")
    .option("--prefix-tokens <n>", "tokens before the grid (default: what the model says)", readCount(0))
    .option("--image-size <size>", "the images that the file takes (default: the model's size)", readSize)
    .option("--output <name>", "the model's output to take")
    .option("--antialias", "filter before shrinking")
    .option("--split-forward <n>", "tiles per run of the model (default: a scale at once)", readCount(1))
    .option("--bytes", "take pixels as bytes [b, h, w, 3] and normalise them inside, as the model's config files say")
    .addOption(new Option("--dtype <type>", "how weights are stored").choices(["float32", "float16"]).default("float32"));
  out(addSizeOptions(command))
    .addHelpText(
      "after",
      "\nExamples:\n  s2 export --scales 1,2,3 -o s2.onnx\n  s2 export --model onnx-community/dinov2-small-ONNX --sizes 224,448 --bytes -o dinov2-s2.onnx",
    )
    .action(async ({ model: source, out: path, dtype, output, bytes, ...flags }: ExportFlags) => {
      refuseForeign(onnxOutputs(path));
      const { loadModel } = await import("../node.ts");
      const { exportProto } = await import("../models/index.ts");
      const { imagenet } = await import("../images/index.ts");
      const { imageSize, prefixTokens, dynamic, maxTiles, maxTilesPerImage, fit, scales = [1, 2], sizes, ...same } = flags;
      if (dynamic || maxTiles || maxTilesPerImage || fit) refuseDynamic();
      const model = await failingWith(status.model, () => loadModel(source, { output, prefixTokens, threads: 1 }));
      await model.dispose();
      const { traits, preprocessing } = model;
      const size = imageSize ?? traits.imageSize ?? 224;
      const options: S2Options = {
        maxSplitSize: traits.imageSize,
        ...{ numPrefixToken: traits.prefixTokens, outputShape: traits.layout },
        ...(sizes ? { imgSizes: sizes } : { scales }),
        ...Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined)),
      };
      if (bytes && !preprocessing)
        writeMessage(
          "note: neither the model's file nor a config file says how images are prepared; ImageNet's mean and standard deviation are written into the file.\n",
        );
      const pixels = bytes ? (preprocessing ?? imagenet) : undefined;
      await write(path, exportProto(await open(model.source), { ...options, imageSize: size, output, dtype, pixels }));
    });
}

function refuseDynamic(): never {
  throw new S2Error(
    "option",
    "--dynamic, --max-tiles and --fit are for photos of any shape; a file has one size: give --scales or --sizes.",
  );
}

export function defineConvert(program: Command): void {
  const command = program
    .command("convert")
    .summary("an .onnx file with float16 weights")
    .description("Stores the weights in half precision: half of the size; arithmetic, inputs and outputs stay float32.")
    .argument("[MODEL]", "an .onnx file, a folder, or owner/name on the hub (default: s2-tiny, which is included)")
    .addOption(new Option("--dtype <type>", "how weights are stored").choices(["float16"]).default("float16"));
  out(command)
    .addHelpText("after", "\nExamples:\n  s2 convert onnx-community/dinov2-small-ONNX --dtype float16 -o dinov2-fp16.onnx")
    .action(async (source: string | undefined, { out: path }: { out: string; dtype: "float16" }) => {
      refuseForeign(onnxOutputs(path));
      const { convertProto } = await import("../onnx/index.ts");
      await write(path, convertProto(await open(source)));
    });
}
