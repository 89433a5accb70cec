/** Turns flags into calls of the library: loads the model, collects the options of an extraction, plans an image. */
import { planDynamicS2, S2Error, type S2Plan, type Traits } from "../core/index.ts";
import { limitTiles } from "../features/index.ts";
import { type ImagePlanOptions, loadModel, type Model, openGraph, planImage } from "../node.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { failingWith } from "./errors.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { writeMessage, writeStatus } from "./output.ts";
import { status } from "./status.ts";

/** The limit of NVILA. */
const MAX_TILES = 12;

/** Picks the flags that are given. */
function pick<T extends object, K extends keyof T>(flags: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))) as Pick<T, K>;
}

/** Loads the model; a download shows its progress on a terminal. What loadModel refuses ends the command with status 3. */
export async function openModel(flags: ModelFlags & { readonly quiet?: boolean }): Promise<Model> {
  const options = { ...loadOptionsOf(flags), ...pick(flags, "threads", "offline") };
  const opened = await failingWith(status.model, () =>
    loadModel(flags.model, { ...options, onProgress: process.stderr.isTTY ? showBytes : undefined }),
  );
  if (!opened.preprocessing && !flags.quiet)
    writeMessage(
      "note: neither the model's file nor a config file says how images are prepared; ImageNet's mean and standard deviation are taken. Put its preprocessor_config.json beside it.\n",
    );
  return opened;
}

/** Options of `loadModel` that decide the features. */
export const loadOptionsOf = (flags: ModelFlags) => pick(flags, "output", "prefixTokens", "patchSize", "imageSize", "device");

function showBytes({ file, bytes, of }: { file: string; bytes: number; of: number }): void {
  const mega = (count: number) => (count / 1e6).toFixed(1);
  writeStatus(bytes >= of ? "" : `downloading ${file}: ${mega(bytes)} of ${mega(of)} MB`);
}

/** Opens graphs of heads, on as many threads as the model. */
export const graphsOf =
  (flags: ModelFlags): OpenGraph =>
  (file) =>
    openGraph(file, pick(flags, "threads"));

/** Options of `planImage`, which has no Dynamic S². */
export function extractionOf(flags: SizeFlags): ImagePlanOptions {
  const sizes = flags.imgSizes ? pick(flags, "imgSizes") : { scales: flags.scales ?? [1, 2] };
  const names = [
    "fit",
    "splitMode",
    "maxSplitSize",
    "merge",
    "resizeOutputToIdx",
    "overlap",
    "fusion",
    "maxTilesPerImage",
  ] as const;
  return { ...sizes, ...pick(flags, ...names) };
}

/** Options of `extractFiles`; Dynamic S² plans each image. */
export function extractionFor(flags: SizeFlags & { splitForward?: number }, traits: Traits) {
  const extraction = { ...extractionOf(flags), ...pick(flags, "splitForward") };
  if (!flags.dynamic && !flags.maxTiles) return extraction;
  return { ...extraction, plan: (image: { height: number; width: number }) => planFor(image, flags, traits) };
}

/** Plans an image as the flags say; `splitForward` is tiles per run. */
export function planFor(
  image: { height: number; width: number },
  flags: SizeFlags & { splitForward?: number },
  traits: Traits,
): S2Plan {
  const { scales = [1, 2], imgSizes, dynamic, maxTiles, maxSplitSize, splitForward, maxTilesPerImage } = flags;
  if (!dynamic) {
    if (maxTiles) throw new S2Error("option", "--max-tiles belongs to --dynamic; give both or neither.");
    return planImage(image, { ...extractionOf(flags), ...pick(flags, "splitForward") }, traits);
  }
  limitTiles(image, maxTiles ?? MAX_TILES, maxTilesPerImage); // before all grids of so many are tried
  const tile = sideOf(maxSplitSize) ?? (imgSizes ? sideOf(imgSizes[0]) : traits.imageSize?.[0]) ?? 224;
  const plan = planDynamicS2(
    image,
    {
      numPrefixToken: traits.prefixTokens,
      outputShape: traits.layout,
      ...pick(flags, "merge", "resizeOutputToIdx", "overlap", "fusion"),
      splitForward: splitForward ?? 4, // as planImage: the memory of a run stays that of a few tiles
      scales: imgSizes ? imgSizes.map((size) => sideOf(size)!) : scales.map((scale) => scale * tile),
      tile,
      maxTiles: maxTiles ?? MAX_TILES,
    },
    traits,
  );
  limitTiles(image, plan.tiles, maxTilesPerImage);
  return plan;
}

function sideOf(size: SizeFlags["maxSplitSize"]): number | undefined {
  if (typeof size !== "object") return size;
  throw new S2Error("option", `Dynamic S² has square tiles; got ${size[1]}x${size[0]}, expected a side such as 224.`);
}
