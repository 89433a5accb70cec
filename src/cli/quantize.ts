/** `s2 quantize`: an .onnx file with int8 weights, and what that costs on images. */
import { type Command, InvalidArgumentError } from "commander";
import type { Tensor } from "../core/index.ts";
import type { QuantizeReport } from "../onnx/index.ts";
import { failingWith } from "./errors.ts";
import { writeReport } from "./output.ts";
import { onnxOutputs, refuseForeign } from "./own-files.ts";
import { status } from "./status.ts";

/** What activations are like shows on few; more only take longer. */
const mostImages = 16;

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
    .summary("an .onnx file with int8 weights")
    .description(
      "Stores the weights in 8 bits and quantizes activations as they come: about 0.3 of the size. Faster only where the processor has VNNI.",
    )
    .argument("[MODEL]", "an .onnx file, a folder, or owner/name on the hub (default: s2-tiny, which is included)")
    .requiredOption("-o, --out <file>", "the .onnx file to write")
    .option(
      "--images <paths...>",
      `images, folders or globs that show what activations are like; the first ${mostImages} are used, and the report measures on them`,
    )
    .option(
      "--residual-fraction <fraction>",
      "fraction of multiplications with residual quantization (default: 0.2 with images, else 0.09)",
      readPart,
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
      refuseForeign(onnxOutputs(out));
      const { openGraph, openModelSource, saveOnnx } = await import("../runtimes/node/index.ts");
      const { quantizeProto } = await import("../onnx/index.ts");
      const original = await failingWith(status.model, () => openModelSource(source));
      const seen = images && { images: await lookAt(source, images, out), openGraph: oneThread(openGraph) };
      const { model, report } = await quantizeProto(original, { ...seen, residualFraction, weightBits });
      saveOnnx(out, model);
      writeReport(json ? `${JSON.stringify(report)}\n` : describe(out, report));
    });
}

const oneThread = (open: typeof import("../runtimes/node/index.ts").openGraph) => (bytes: Uint8Array) =>
  open(bytes, { threads: 1 });

function readPart(text: string): number {
  const part = Number(text);
  if (text.trim() !== "" && part >= 0 && part <= 1) return part;
  throw new InvalidArgumentError("Expected a part from 0 to 1.");
}

/** The images as the model sees them, [b, 3, h, w]. */
async function lookAt(source: string | undefined, given: readonly string[], out: string): Promise<Tensor> {
  const { loadImage, loadModel, prepareImage } = await import("../node.ts");
  const { findImages, sayPassedOver } = await import("./images.ts");
  const { images, passedOver } = await findImages(given, out);
  sayPassedOver(passedOver);
  const found = images.slice(0, mostImages);
  const missing = found.find((image) => image.missing)?.missing;
  if (missing) throw missing;
  const model = await failingWith(status.model, () => loadModel(source, { threads: 1 }));
  const { traits, preprocessing } = model;
  await model.dispose();
  const size = traits.imageSize ?? 224;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const each = 3 * height * width;
  const data = new Float32Array(found.length * each);
  for (const [i, { path }] of found.entries())
    data.set(
      prepareImage(await failingWith(status.allFailed, () => loadImage(path)), [height, width], preprocessing).data,
      i * each,
    );
  return { dims: [found.length, 3, height, width], data };
}

function describe(path: string, { bytesBefore, bytesAfter, layers, measured }: QuantizeReport): string {
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  const worst = (error: (layer: (typeof layers)[number]) => number) =>
    [...layers]
      .sort((a, b) => error(b) - error(a))
      .slice(0, 3)
      .map((layer) => `${layer.name} (${percent(error(layer))})`)
      .join(", ");
  const twice = layers.filter(({ terms }) => terms === 2);
  const lines = [
    `${path}: ${(bytesAfter / 1e6).toFixed(1)} MB, ${(bytesAfter / bytesBefore).toFixed(3)} of the size`,
    `${layers.length} layers in 8 bits, ${twice.length} of them in two terms: ${twice.map(({ name }) => name).join(", ") || "none"}`,
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
