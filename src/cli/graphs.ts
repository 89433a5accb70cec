/** `s2 build`, `export`, `convert`, `quantize` and `export-vision-encoder`: models as files. */
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { S2Error, type Tensor } from "../core/index.ts";
import type { ModelProto } from "../onnx/index.ts";
import { failingWith, status } from "./errors.ts";
import { items, readCount, readFraction, readSides, readSize, type Size } from "./flag-values.ts";
import { addSizeOptions, addSizesAlias, dtypeOption, modelHelp, type SizeFlags } from "./flags.ts";
import { inLines, jsonLine, reportFile, writeMessage, writeReport } from "./output.ts";
import type { PrintFlags } from "./progress.ts";

const node = () => import("../runtimes/node/index.ts");
const computeHelp = "with --dtype float16: compute in float16 too, which GPUs do faster and CPUs slower";
const out = (command: Command) =>
  command
    .requiredOption("-o, --out <file>", "the .onnx file to write")
    .option("--json", "a line of JSON per file: { out, bytes }")
    .option("--quiet", "print nothing but errors");

/** Writes the model that `make` returns, with a second file where its weights do not fit in one, and prints their sizes. */
async function write(path: string, print: PrintFlags, make: () => Promise<ModelProto>): Promise<void> {
  const { onnxOutputs, refuseForeign, saveOnnx } = await node();
  refuseForeign(onnxOutputs(path));
  for (const { path: file, bytes } of saveOnnx(path, await make())) reportFile(file, bytes, print);
}

const open = (source?: string): Promise<ModelProto> =>
  failingWith(status.model, async () => (await node()).openModelSource(source));

interface BuildFlags extends PrintFlags {
  out: string;
  imageSize?: number | Size;
  outputs?: string[];
}

export function defineBuild(program: Command): void {
  const command = program
    .command("build")
    .summary("build an .onnx file from a hub model's weights")
    .description("Builds an ONNX file from a folder with config.json and model.safetensors (transformers' or timm's).")
    .argument("[FOLDER]", "a folder with config.json and model.safetensors (default: s2-tiny, which is included)")
    .option("--image-size <size>", "for images of another size: 384 or WIDTHxHEIGHT (default: the model's)", readSize)
    .option("--outputs <names>", "outputs by the source library's names, with commas between", items);
  out(command)
    .addHelpText("after", "\nExamples:\n  s2 build -o s2-tiny.onnx\n  s2 build --image-size 384 -o s2-tiny-384.onnx")
    .action(async (folder: string | undefined, { out: path, json, quiet, ...options }: BuildFlags) => {
      const { bundledModel, readHubFolder } = await node();
      const { buildProto } = await import("../models/index.ts");
      const { readPreprocessing } = await import("../images/index.ts");
      const build = () => {
        const { config, preprocessor, weights } = readHubFolder(folder ?? bundledModel);
        return buildProto(config, weights, { ...options, preprocessing: readPreprocessing({ config, preprocessor }) });
      };
      await write(path, { json, quiet }, () => failingWith(status.model, build));
    });
}

interface ExportFlags extends SizeFlags, PrintFlags {
  head?: string;
  model?: string;
  imageSize?: number | Size;
  prefixTokens?: number;
  antialias?: boolean;
  output?: string;
  splitForward?: number;
  bytes?: boolean;
  dtype: "float32" | "float16";
  compute?: boolean;
  out?: string;
  triton?: string;
  maxBatch?: number;
}

const exportExamples = `
Examples:
  s2 export --scales 1,2,3 -o s2.onnx
  s2 export --model onnx-community/dinov2-small-ONNX --img-sizes 224,448 --bytes -o dinov2-s2.onnx
  s2 export --scales 1,2 --bytes --triton models
  s2 export --head heads/clothing -o clothing.onnx
  s2 export --head heads/camvid --image-size 480x360 -o streets.onnx

--scales counts in the model's size, whatever --image-size is: --scales 1,2 of a 224 px model takes images of 448 px. A smaller --image-size has scales
of enlarged pixels, which is said. --head writes NAME.md beside NAME.onnx, with programs that run it in Node, a page and Python.`;

export function defineExport(program: Command): void {
  const command = program
    .command("export")
    .summary("export S² with its model, or a fitted head, as one .onnx file")
    .description(
      "Writes one ONNX file that takes images and gives their multi-scale features, with the model inside; with --head their classes, masks, depths or counts.",
    )
    .option("--model <model>", modelHelp)
    .option("--head <folder>", "a head that `s2 fit` wrote: from bytes [b, h, w, 3] to what it predicts, as s2 predict")
    .option("--prefix-tokens <n>", "tokens before the grid (default: what the model says)", readCount(0))
    .option("--image-size <size>", "size of the images that the file takes (default: the largest scale)", readSize)
    .option("--output <name>", "output of the model to take")
    .addOption(new Option("--antialias").hideHelp()) // the default
    .option("--no-antialias", "shrink to the smaller scales without a filter, as the authors' code does")
    .option("--split-forward <n>", "tiles per run of the model (default: a scale at once)", readCount(1))
    .option("--bytes", "take pixels as bytes [b, h, w, 3] and normalize them inside, as the model's config files say")
    .addOption(dtypeOption())
    .option("--compute", computeHelp)
    .option("-o, --out <file>", "the .onnx file to write")
    .option("--triton <folder>", "instead: a model repository of NVIDIA Triton, with NAME/config.pbtxt and NAME/1/model.onnx")
    .option("--max-batch <n>", "with --triton: most images that Triton runs together (default: 8)", readCount(1))
    .option("--json", "a line of JSON per file: { out, bytes }")
    .option("--quiet", "print nothing but errors");
  addSizeOptions(command)
    .addHelpText("after", exportExamples)
    .action(async ({ head, out: path, triton, maxBatch, ...flags }: ExportFlags) => {
      if ((path === undefined) === (triton === undefined))
        throw new S2Error("option", "Give either --out, a file, or --triton, a model repository.");
      if (triton !== undefined && head !== undefined)
        throw new S2Error(
          "option",
          "--triton takes features alone; export the head with --out, and put the file into a repository by hand.",
        );
      if (path !== undefined && head !== undefined)
        return (await import("./export-head.ts")).exportHeadFile({ ...flags, out: path, head });
      if (path !== undefined) return write(path, flags, () => exportFor(flags));
      const { saveTriton, tritonFiles } = await node();
      const name = `${basename(flags.model ?? "s2-tiny", ".onnx").replaceAll(/[^\w.-]/g, "-")}-s2`;
      tritonFiles(triton!, name); // refused before the model is loaded
      for (const { path: file, bytes } of saveTriton(triton!, name, await exportFor(flags), maxBatch ?? 8))
        reportFile(file, bytes, flags);
    });
}

async function exportFor({ model: source, ...flags }: Omit<ExportFlags, "head">): Promise<ModelProto> {
  const { dynamic, maxTiles, maxTilesPerImage, fit, prefixTokens, json, quiet, ...options } = flags;
  if (dynamic || maxTiles || maxTilesPerImage || fit)
    throw new S2Error(
      "option",
      "--dynamic, --max-tiles and --fit are for images of any shape; a file has one size: give --scales or --img-sizes.",
    );
  const { exportModel, loadModel } = await node();
  const model = await failingWith(status.model, () => loadModel(source, { output: options.output, prefixTokens, threads: 1 }));
  await model.dispose();
  if (options.bytes && !model.preprocessing)
    writeMessage(
      "note: neither the model's file nor a config file says how images are prepared; ImageNet's mean and standard deviation are written into the file.\n",
    );
  const { file, notes } = await exportModel(model, options);
  for (const note of notes) writeMessage(`note: ${note}\n`);
  return file;
}

export function defineConvert(program: Command): void {
  const command = program
    .command("convert")
    .summary("convert an .onnx file to float16")
    .description("Stores the weights in half precision: half of the size. Inputs and outputs stay float32.")
    .argument("[MODEL]", modelHelp)
    .addOption(new Option("--dtype <type>", "type of the stored weights").choices(["float16"]).default("float16"))
    .option("--compute", computeHelp);
  out(command)
    .addHelpText("after", "\nExamples:\n  s2 convert onnx-community/dinov2-small-ONNX --dtype float16 -o dinov2-fp16.onnx")
    .action(
      async (source: string | undefined, { out: path, compute, ...print }: { out: string; compute?: boolean } & PrintFlags) => {
        const { convertProto } = await import("../onnx/index.ts");
        await write(path, print, async () => convertProto(await open(source), { compute }));
      },
    );
}

/** A few images are enough to measure activations; more only take longer. */
const MOST_IMAGES = 16;

interface QuantizeFlags {
  out: string;
  images?: string[];
  residualFraction?: number;
  weightBits?: 7 | 8;
  json?: boolean;
}

export function defineQuantize(program: Command): void {
  const command = program
    .command("quantize")
    .summary("quantize an .onnx file to int8 weights")
    .description(
      "Stores the weights in 8 bits and quantizes activations as they come: about 0.3 of the size. Faster only where the processor has VNNI.",
    )
    .argument("[MODEL]", modelHelp)
    .option("--images <paths...>", `images, folders or globs to measure activations and accuracy on, at most ${MOST_IMAGES}`)
    .option(
      "--residual-fraction <fraction>",
      "fraction of multiplications with residual quantization (default: 0.2 with images, else 0.09)",
      readFraction,
    )
    .option(
      "--weight-bits <n>",
      "8 where all processors have VNNI: a little closer there, but it saturates elsewhere (default: 7)",
      (text) => Number(text),
    )
    .option("--json", "the report as JSON: { bytesBefore, bytesAfter, layers, measured }")
    .requiredOption("-o, --out <file>", "the .onnx file to write");
  command
    .addHelpText(
      "after",
      '\nExamples:\n  s2 quantize -o s2-tiny.int8.onnx\n  s2 quantize onnx-community/dinov2-small-ONNX --images "photos/*.jpg" -o dinov2.int8.onnx',
    )
    .action(async (source: string | undefined, { out: path, images, residualFraction, weightBits, json }: QuantizeFlags) => {
      const { onnxOutputs, openGraph, refuseForeign, saveOnnx } = await node();
      refuseForeign(onnxOutputs(path));
      const { describeQuantization, quantizeProto } = await import("../onnx/index.ts");
      const original = await open(source);
      const measure = images && {
        images: await prepareImages(source, images, path),
        openGraph: (file: Uint8Array) => openGraph(file, { threads: 1 }),
      };
      const { model, report } = await quantizeProto(original, { ...measure, residualFraction, weightBits });
      saveOnnx(path, model);
      writeReport(json ? jsonLine(report) : inLines(describeQuantization(path, report)));
    });
}

/** Decodes the images and prepares them as the model's preprocessing says: [b, 3, h, w]. */
async function prepareImages(source: string | undefined, given: readonly string[], out: string): Promise<Tensor> {
  const { findImages, loadImages, loadModel } = await node();
  const { printUndecoded } = await import("./progress.ts");
  const { images, undecoded } = await findImages(given, out);
  printUndecoded(undecoded);
  const used = images.slice(0, MOST_IMAGES);
  for (const { missing } of used) if (missing) throw missing;
  const { traits, preprocessing, dispose } = await failingWith(status.model, () => loadModel(source, { threads: 1 }));
  await dispose();
  const paths = used.map(({ path }) => path);
  return failingWith(status.allFailed, () => loadImages(paths, traits.imageSize ?? [224, 224], preprocessing));
}

interface EncoderFlags extends PrintFlags {
  out: string;
  imgSizes?: number[];
  visionTower?: string;
  antialias?: boolean;
  splitForward?: number;
  dtype: "float32" | "float16";
}

const encoderExamples = `
Examples:
  s2 export-vision-encoder models/llava-s2 -o models/llava-s2
  s2 export-vision-encoder models/llava --img-sizes 336,672,1008 --vision-tower models/clip-vit-large-336 -o models/llava-s2

Writes onnx/vision_encoder.onnx, config.json, preprocessor_config.json and processor_config.json. The tokenizer, embed_tokens.onnx and
decoder_model_merged.onnx stay as they are: copy them beside these where FOLDER and --out differ. Weights of a projector belong to their
number of scales: those of one scale are refused.`;

export function defineVisionEncoder(program: Command): void {
  const command = program
    .command("export-vision-encoder")
    .summary("export a LLaVA-like vision encoder with S² for transformers.js")
    .description(
      "Writes the vision encoder of a LLaVA-like model with S², tower and projector inside, and the configs that go with it.",
    )
    .argument("<FOLDER>", "config.json and safetensors of LLaVA, VILA or transformers' LLaVA")
    .requiredOption("-o, --out <folder>", "the folder to write into; may be FOLDER itself")
    .option("--img-sizes <list>", "sides in pixels, the tower's first: 336,672,1008 (default: what config.json says)", readSides)
    .option("--vision-tower <folder>", "the tower's own folder, where FOLDER has only its name")
    .option("--antialias", "filter before shrinking; released weights were trained without")
    .option("--split-forward <n>", "tiles per run of the tower (default: a scale at once)", readCount(1))
    .addOption(dtypeOption())
    .option("--json", "one line of JSON: { out, bytes, tiles, tokens }")
    .option("--quiet", "print nothing but errors and warnings");
  addSizesAlias(command, readSides)
    .addHelpText("after", encoderExamples)
    .action(async (folder: string, { out, imgSizes: scales, json, quiet, ...options }: EncoderFlags) => {
      const { exportLlavaFolder } = await node();
      const exported = await failingWith(status.model, () => exportLlavaFolder(folder, out, { scales, ...options }));
      const { path, bytes, tokens, plan, others } = exported;
      for (const other of others)
        writeMessage(`warning: ${other} has the old size; remove it, or load with dtype: { vision_encoder: "fp32" }.\n`);
      for (const { message } of plan.warnings) writeMessage(`warning: ${message}\n`);
      const size = `${(bytes / 1e6).toFixed(1)} MB, images of ${plan.image[0]} px`;
      if (json) writeReport(jsonLine({ out: path, bytes, tiles: plan.tiles, tokens }));
      else if (!quiet) writeReport(`${path}: ${size}, ${plan.tiles} tiles, ${tokens} tokens\n`);
    });
}
