/** `s2 quantize`: an .onnx file with int8 weights, and its accuracy on images. */
import type { Command } from "commander";
import type { Tensor } from "../core/index.ts";
import { failingWith } from "./errors.ts";
import { readFraction } from "./flag-values.ts";
import { modelHelp } from "./flags.ts";
import { jsonLine, writeReport } from "./output.ts";
import { status } from "./status.ts";

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
  program
    .command("quantize")
    .summary("quantize an .onnx file to int8 weights")
    .description(
      "Stores the weights in 8 bits and quantizes activations as they come: about 0.3 of the size. Faster only where the processor has VNNI.",
    )
    .argument("[MODEL]", modelHelp)
    .requiredOption("-o, --out <file>", "the .onnx file to write")
    .option(
      "--images <paths...>",
      `images, folders or globs to measure activations and accuracy on; the first ${MOST_IMAGES} are used`,
    )
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
    .addHelpText(
      "after",
      '\nExamples:\n  s2 quantize -o s2-tiny.int8.onnx\n  s2 quantize onnx-community/dinov2-small-ONNX --images "photos/*.jpg" -o dinov2.int8.onnx',
    )
    .action(async (source: string | undefined, { out, images, residualFraction, weightBits, json }: QuantizeFlags) => {
      const { onnxOutputs, openGraph, openModelSource, refuseForeign, saveOnnx } = await import("../runtimes/node/index.ts");
      refuseForeign(onnxOutputs(out));
      const { describeQuantization, quantizeProto } = await import("../onnx/index.ts");
      const original = await failingWith(status.model, () => openModelSource(source));
      const measure = images && {
        images: await prepareImages(source, images, out),
        openGraph: (file: Uint8Array) => openGraph(file, { threads: 1 }),
      };
      const { model, report } = await quantizeProto(original, { ...measure, residualFraction, weightBits });
      saveOnnx(out, model);
      writeReport(json ? jsonLine(report) : `${describeQuantization(out, report).join("\n")}\n`);
    });
}

/** Decodes the images and prepares them as the model's preprocessing says: [b, 3, h, w]. */
async function prepareImages(source: string | undefined, given: readonly string[], out: string): Promise<Tensor> {
  const { findImages, loadImages, loadModel } = await import("../runtimes/node/index.ts");
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
