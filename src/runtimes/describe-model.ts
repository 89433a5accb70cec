/** `describeModel`: a model's properties as people read them, with the source of each. */
import { formatTable } from "../core/index.ts";
import type { Found, ModelReport } from "../onnx/index.ts";
import type { Model } from "./model.ts";

/** Source of a property, in brackets: the graph where it agrees, else the other sources of loadModel. */
function origin<T>({ value, from }: Found<T>, taken: T | undefined): string {
  if (taken === undefined || String(value) === String(taken)) return ` (${from})`;
  return ` (by options, config files or a blank image; the graph: ${from})`;
}

/** Describes a model in a table: each property with its source. */
export function describeModel({ source, outputs, traits, preprocessing }: Model, report: ModelReport): string[] {
  const { imageSize, dynamicSize, patchSize, prefixTokens, layout, channels, maxBatch } = traits;
  const size = imageSize ? `${imageSize[1]}x${imageSize[0]} px` : "any";
  const sizes = imageSize && dynamicSize ? `${size}; others run too, less well` : imageSize ? `${size} alone` : size;
  const { value: cost, from: counted } = report.multiplyAdds;
  const rows: string[][] = [
    ["model", source],
    ["made by", `${report.producer || "an unnamed program"}, operator set ${report.opset}`],
    ["image size", sizes + origin(report.imageSize, imageSize)],
    ["features", (layout === "bnc" ? "tokens [b, n, c]" : "maps [b, c, h, w]") + origin(report.layout, layout)],
    ["channels", String(channels ?? "?")],
    ["patch", (patchSize ? `${patchSize} px` : "?") + origin(report.patchSize, patchSize)],
    ["prefix tokens", String(prefixTokens) + origin(report.prefixTokens, prefixTokens)],
    ["images a run", maxBatch ? `at most ${maxBatch}` : "any number"],
    ["outputs", outputs.join(", ")],
    ["parameters", inLarge(report.parameters)],
    ["multiply-adds", cost === undefined ? `not known: ${counted}` : `${inLarge(cost)} a tile (${counted})`],
  ];
  if (preprocessing) {
    const three = (values: readonly number[]) => values.map((value) => Number(value.toFixed(4))).join(", ");
    const { mean, std, rescale, filter } = preprocessing;
    const factor = Math.abs(1 / rescale - 255) < 1e-3 ? "1/255" : String(rescale);
    rows.push(["pixels", `times ${factor}, less ${three(mean)}, divided by ${three(std)}; resized ${filter}`]);
  } else {
    rows.push([
      "pixels",
      "neither the file nor a config file says how they are prepared; ImageNet's mean and deviation are taken",
    ]);
  }
  const [first, ...rest] = rows;
  return formatTable(first, rest);
}

function inLarge(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} billion`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(2)} million` : String(count);
}
