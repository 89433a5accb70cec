/** `describeQuantization`: the report on an int8 file as people read it. */
import type { QuantizeReport } from "./quantize.ts";

/** Describes a quantization: size, layers, and what rounding costs. */
export function describeQuantization(path: string, { bytesBefore, bytesAfter, layers, measured }: QuantizeReport): string[] {
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
  return lines;
}
