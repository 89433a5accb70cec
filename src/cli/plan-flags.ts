/** From flags to the library's calls: a model that is loaded, a plan for an image. */
import { S2Error, type S2Plan, type Traits } from "../core/index.ts";
import { type ImagePlanOptions, planImage } from "../features/index.ts";
import { loadModel, type Model, openGraph } from "../node.ts";
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
  const { sizes, dynamic, maxTiles, splitForward } = flags;
  if (maxTiles && !dynamic) throw new S2Error("option", "--max-tiles belongs to --dynamic; give both or neither.");
  const options = { ...extractionOf(flags), ...defined({ splitForward }) };
  if (!dynamic) return planImage(image, options, traits);
  const { imgSizes: _, ...rest } = options;
  return planImage(image, { ...rest, ...(sizes && { scales: sizes.map(sideOf) }), maxTiles: maxTiles ?? MAX_TILES }, traits);
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

function sideOf(size: NonNullable<SizeFlags["maxSplitSize"]>): number {
  if (typeof size !== "object") return size;
  throw new S2Error("option", `Dynamic S² has square tiles; got ${size[1]}x${size[0]}, expected a side such as 224.`);
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
