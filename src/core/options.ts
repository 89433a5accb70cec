/** Reading S2Options: names, numbers, defaults; every refusal that needs no arithmetic. */
import type { S2ErrorCode } from "./codes.ts";
import { badOption, isCount, nearest, oneOf, S2Error } from "./error.ts";
import type { S2Options, S2Plan } from "./types.ts";
import type { Warn } from "./warnings.ts";

/** The names of `S2Options`. */
export const s2OptionNames = [
  "scales",
  "imgSizes",
  "maxSplitSize",
  "splitMode",
  "resizeOutputToIdx",
  "outputScale",
  "numPrefixToken",
  "outputShape",
  "splitForward",
  "merge",
  "antialias",
  "overlap",
  "fusion",
  "signal",
  "onProgress",
  "onScale",
] as const satisfies readonly (keyof S2Options)[];

/** The options that a plan carries as they are, with the reference's defaults filled in. */
export type Settings = Pick<
  S2Plan,
  "splitMode" | "numPrefixToken" | "outputShape" | "splitForward" | "merge" | "antialias" | "overlap" | "fusion"
>;

/** Refuses option names that are not `known`, naming the nearest. */
export function checkNames(options: object, known: readonly string[] = s2OptionNames): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const stem = camel.toLowerCase().replace(/s$/, ""); // sizes, prefixTokens
    const meant = (stem[3] && known.find((each) => each.toLowerCase().includes(stem))) ?? nearest(camel, known);
    throw new S2Error(
      "option",
      `There is no option "${name}"${meant ? `; did you mean "${meant}"?` : `; there are ${known.join(", ")}.`}`,
    );
  }
}

/** Names that `planDynamicS2` knows: those of S2Options without sizes, and its own. */
export const dynamicNames: readonly string[] = [
  ...s2OptionNames.filter((name) => name !== "imgSizes" && name !== "splitMode"),
  "tile",
  "maxTiles",
  "gridChoice",
];

export function readSettings(options: S2Options, warn: Warn): Settings {
  const { splitMode = "exact", outputShape = "bnc", merge = "concat", fusion = "reference", splitForward = false } = options;
  oneOf("split-mode", "splitMode", splitMode, ["exact", "resize", "pad", "cover"]);
  oneOf("output-shape", "outputShape", outputShape, ["bnc", "bchw"]);
  oneOf("merge", "merge", merge, ["concat", "add", "mean"]);
  oneOf("fusion", "fusion", fusion, ["reference", "aligned", "bilinear"]);
  let numPrefixToken = integer("prefix-tokens", "numPrefixToken", options.numPrefixToken ?? 0);
  if (numPrefixToken < 0) {
    warn(
      "negative-prefix",
      `numPrefixToken is ${numPrefixToken}; as in the reference that counts as 0. Leave it out.`,
      "numPrefixToken",
    );
    numPrefixToken = 0;
  }
  if (outputShape === "bchw" && numPrefixToken > 0) {
    throw new S2Error(
      "bchw-prefix",
      `A feature map (bchw) cannot have prefix tokens; got numPrefixToken ${numPrefixToken}. Leave it out, or use outputShape "bnc".`,
      { option: ["numPrefixToken", "outputShape"] },
    );
  }
  const overlap = integer("overlap", "overlap", options.overlap ?? 0);
  if (overlap < 0) throw badOption("overlap", "overlap", overlap, "a whole number of tokens, at least 0");
  if (typeof splitForward !== "boolean" && !isCount(splitForward)) {
    throw badOption("split-forward", "splitForward", splitForward, "true, false or a whole number of tiles per run, at least 1");
  }
  return {
    splitMode,
    numPrefixToken,
    outputShape,
    splitForward,
    merge,
    antialias: options.antialias ? "shrinking" : "never",
    overlap,
    fusion,
  };
}

function integer(code: S2ErrorCode, option: string, value: number): number {
  if (Number.isInteger(value)) return value;
  throw badOption(code, option, value, "a whole number");
}

/** The output's scale: `resizeOutputToIdx` as Python reads it (negative counts from the end), or by name the one of fewest or most pixels. */
export function readOutputScale(
  { resizeOutputToIdx, outputScale: name }: Pick<S2Options, "resizeOutputToIdx" | "outputScale">,
  sizes: readonly (readonly [height: number, width: number])[],
): number {
  if (name !== undefined) {
    oneOf("bad-index", "outputScale", name, ["coarsest", "finest"]);
    if (resizeOutputToIdx !== undefined) {
      const both = { option: ["outputScale", "resizeOutputToIdx"] };
      throw new S2Error("bad-index", "Both outputScale and resizeOutputToIdx are given; give one of them.", both);
    }
    const pixels = sizes.map(([height, width]) => height * width);
    return pixels.indexOf(name === "finest" ? Math.max(...pixels) : Math.min(...pixels));
  }
  const scales = sizes.length;
  const at = integer("bad-index", "resizeOutputToIdx", resizeOutputToIdx ?? 0);
  const resolved = at < 0 ? at + scales : at;
  if (resolved >= 0 && resolved < scales) return resolved;
  throw new S2Error(
    "bad-index",
    `resizeOutputToIdx is ${at}, which points ${at < 0 ? "before the first" : "past the last"} scale; ` +
      `there are ${scales} scales, so it may be ${-scales} to ${scales - 1}.`,
    { option: "resizeOutputToIdx" },
  );
}
