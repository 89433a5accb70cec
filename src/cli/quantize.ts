/** `s2 quantize`: an .onnx file with int8 weights, and its accuracy on images. */
import { type Command, InvalidArgumentError } from "commander";
import type { Tensor } from "../core/index.ts";
import type { QuantizeReport } from "../onnx/index.ts";
import { failingWith } from "./errors.ts";
import { modelHelp } from "./flags.ts";
import { jsonLine, writeReport } from "./output.ts";
import { status } from "./status.ts";

/** A few images are enough to measure activations; more only take longer. */
const MOST_IMAGES = 16;

interface QuantizeFlags {
  out: string;
  images?: string[];
  twoTerms?: number;
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
      "--two-terms <fraction>",
      "fraction of the multiplications with residual quantization (default: 0.2 with images, else 0.09)",
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
    .action(async (source: string | undefined, { out, images, twoTerms, weightBits, json }: QuantizeFlags) => {
      const { onnxOutputs, openGraph, openModelSource, refuseForeign, saveOnnx } = await import("../runtimes/node/index.ts");
      refuseForeign(onnxOutputs(out));
      const { quantizeProto } = await import("../onnx/index.ts");
      const original = await failingWith(status.model, () => openModelSource(source));
      const measure = images && {
        images: await prepareImages(source, images, out),
        openGraph: (file: Uint8Array) => openGraph(file, { threads: 1 }),
      };
      const { model, report } = await quantizeProto(original, { ...measure, twoTerms, weightBits });
      saveOnnx(out, model);
      writeReport(json ? jsonLine(report) : describe(out, report));
    });
}

function readFraction(text: string): number {
  const fraction = Number(text);
  if (text.trim() !== "" && fraction >= 0 && fraction <= 1) return fraction;
  throw new InvalidArgumentError("Expected a fraction from 0 to 1.");
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

function describe(path: string, { bytesBefore, bytesAfter, layers, measured }: QuantizeReport): string {
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  const worst = (error: (layer: (typeof layers)[number]) => number) =>
    [...layers]
      .sort((a, b) => error(b) - error(a))
      .slice(0, 3)
      .map((layer) => `${layer.name} (${percent(error(layer))})`)
      .join(", ");
  const residual = layers.filter(({ terms }) => terms === 2);
  const lines = [
    `${path}: ${(bytesAfter / 1e6).toFixed(1)} MB, ${(bytesAfter / bytesBefore).toFixed(3)} of the size`,
    `${layers.length} layers in 8 bits, ${residual.length} of them with residual quantization: ${residual.map(({ name }) => name).join(", ") || "none"}`,
    `weights' rounding is largest in ${worst(({ weightError }) => weightError)}`,
  ];
  if (measured) {
    const sum = layers.reduce((total, { activationError = 0 }) => total + activationError, 0) || 1;
    lines.push(
      `activations' rounding costs most in ${worst(({ activationError = 0 }) => activationError / sum)} of what all layers cost`,
    );
    const cosines = Object.entries(measured.cosine).map(([name, value]) => `${name} ${value.toFixed(5)}`);
    lines.push(
      `on ${measured.images} images: cosine with float32 ${cosines.join(", ")}; ${measured.time.toFixed(2)} of the time`,
    );
  } else lines.push("measured on no images; --images shows what it costs, and lets it choose better");
  return `${lines.join("\n")}\n`;
}
