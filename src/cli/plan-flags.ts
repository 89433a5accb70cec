/** From flags to the library's calls: a model that is loaded, a plan for an image. */
import { planDynamicS2, S2Error, type S2Plan, type Traits } from "../core/index.ts";
import { limitTiles } from "../features/index.ts";
import { type ImagePlanOptions, loadModel, type Model, openGraph, planImage } from "../node.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { failingWith } from "./errors.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { writeMessage, writeStatus } from "./output.ts";
import { status } from "./status.ts";

/** NVILA's own limit. */
const MAX_TILES = 12;

/** Loads the model; a download shows on a terminal how far it is. What loadModel refuses ends the command with status 3. */
export async function openModel({ model, ...flags }: ModelFlags & { readonly quiet?: boolean }): Promise<Model> {
  const { threads, device, output, prefixTokens, patchSize, imageSize, offline } = flags;
  const options = { threads, device, output, prefixTokens, patchSize, imageSize, offline };
  const opened = await failingWith(status.model, () =>
    loadModel(model, { ...options, onProgress: process.stderr.isTTY ? showBytes : undefined }),
  );
  if (!opened.preprocessing && !flags.quiet)
    writeMessage(
      "note: neither the model's file nor a config file says how images are prepared; ImageNet's mean and standard deviation are taken. Put its preprocessor_config.json beside it.\n",
    );
  return opened;
}

function showBytes({ file, bytes, of }: { file: string; bytes: number; of: number }): void {
  const mega = (count: number) => (count / 1e6).toFixed(1);
  writeStatus(bytes >= of ? "" : `downloading ${file}: ${mega(bytes)} of ${mega(of)} MB`);
}

/** How heads run: on as many threads as the model. */
export const graphsOf =
  ({ threads }: ModelFlags): OpenGraph =>
  (file) =>
    openGraph(file, threads ? { threads } : {});

/** The plan that the flags ask for; `splitForward` is tiles per run. */
export function planFor(
  image: { height: number; width: number },
  flags: SizeFlags & { splitForward?: number },
  traits: Traits,
): S2Plan {
  const { scales = [1, 2], sizes, dynamic, maxTiles, maxSplitSize, splitForward, maxTilesPerImage } = flags;
  if (!dynamic) {
    if (maxTiles) throw new S2Error("option", "--max-tiles belongs to --dynamic; give both or neither.");
    return planImage(image, { ...extractionOf(flags), ...defined({ splitForward }) }, traits);
  }
  limitTiles(image, maxTiles ?? MAX_TILES, maxTilesPerImage); // before all grids of so many are tried
  const { merge, resizeOutputToIdx, overlap, fusion } = flags;
  const options = defined({ merge, resizeOutputToIdx, overlap, fusion });
  const tile = sideOf(maxSplitSize) ?? (sizes ? sideOf(sizes[0]) : traits.imageSize?.[0]) ?? 224;
  const plan = planDynamicS2(
    image,
    {
      numPrefixToken: traits.prefixTokens,
      outputShape: traits.layout,
      ...options,
      splitForward: splitForward ?? 4, // as planImage: the memory of a run stays that of a few tiles
      scales: sizes ? sizes.map((size) => sideOf(size)!) : scales.map((scale) => scale * tile),
      tile,
      maxTiles: maxTiles ?? MAX_TILES,
    },
    traits,
  );
  limitTiles(image, plan.tiles, maxTilesPerImage);
  return plan;
}

/** The way of looking that the flags ask for, but for Dynamic S². */
export function extractionOf(flags: SizeFlags): ImagePlanOptions {
  const {
    scales = [1, 2],
    sizes,
    fit,
    splitMode,
    maxSplitSize,
    merge,
    resizeOutputToIdx,
    overlap,
    fusion,
    maxTilesPerImage,
  } = flags;
  const size = sizes ? { imgSizes: sizes } : { scales };
  return { ...size, ...defined({ fit, splitMode, maxSplitSize, merge, resizeOutputToIdx, overlap, fusion, maxTilesPerImage }) };
}

function sideOf(size: SizeFlags["maxSplitSize"]): number | undefined {
  if (typeof size !== "object") return size;
  throw new S2Error("option", `Dynamic S² has square tiles; got ${size[1]}x${size[0]}, expected a side such as 224.`);
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
