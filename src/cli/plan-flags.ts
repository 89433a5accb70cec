/** Turns flags into calls of the library: loads the model, collects the options of an extraction, plans an image. */
import { S2Error } from "../core/index.ts";
import type { ImagePlanOptions } from "../features/index.ts";
import { loadModel, type Model, openGraph } from "../node.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { extractionSource, type Folders } from "../runtimes/node/index.ts";
import { failingWith, status } from "./errors.ts";
import { type ModelFlags, type SizeFlags, sizeOptions } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";
import { writeMessage, writeStatus } from "./output.ts";

/** The limit of NVILA. */
const MAX_TILES = 12;

/** Picks the flags that are given. */
export function pick<T extends object, K extends keyof T>(flags: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))) as Pick<T, K>;
}

/** Loads the model; a download shows its progress on a terminal. What loadModel refuses ends the command with status 3. */
export async function openModel(flags: ModelFlags & { readonly quiet?: boolean }): Promise<Model> {
  const options = { ...loadOptionsOf(flags), ...pick(flags, "threads", "offline") };
  const start = performance.now();
  const opened = await failingWith(status.model, () =>
    loadModel(flags.model, { ...options, onProgress: process.stderr.isTTY ? showBytes : undefined }),
  );
  if (flags.verbose) {
    const where = flags.device?.join(", else ") ?? "cpu";
    writeMessage(`model: ${opened.source}, on ${where}, loaded in ${Math.round(performance.now() - start)} ms\n`);
  }
  if (!opened.preprocessing && !flags.quiet)
    writeMessage(
      "note: neither the model's file nor a config file says how images are prepared; ImageNet's mean and standard deviation are taken. Put its preprocessor_config.json beside it.\n",
    );
  return opened;
}

/** Options of `loadModel` that decide the features. */
export const loadOptionsOf = (flags: ModelFlags) => pick(flags, "output", "prefixTokens", "patchSize", "imageSize", "device");

/** Shows how much of a file is downloaded. */
export function showBytes({ file, bytes, of }: { file: string; bytes: number; of: number }): void {
  const mega = (count: number) => (count / 1e6).toFixed(1);
  writeStatus(bytes >= of ? "" : `downloading ${file}: ${mega(bytes)} of ${mega(of)} MB`);
}

/** Options that extract the features of many images until the command is stopped. */
export const sourceOf = (model: Model, flags: ModelFlags, folders: Folders) =>
  extractionSource(model, { ...pick(flags, "model", "output"), signal: stopSignal }, folders);

/** Opens graphs of heads, on as many threads as the model. */
export const graphsOf =
  (flags: ModelFlags): OpenGraph =>
  (file) =>
    openGraph(file, pick(flags, "threads"));

/** Options of `planImage` without Dynamic S². */
export const extractionOf = (flags: SizeFlags): ImagePlanOptions => pick(flags, ...sizeOptions);

/** Options of `extract` and `planImage`, with Dynamic S² where the flags ask for it. */
export function extractionFor(flags: SizeFlags): ImagePlanOptions {
  const { imgSizes, dynamic, maxTiles } = flags;
  if (maxTiles && !dynamic) throw new S2Error("option", "--max-tiles belongs to --dynamic; give both or neither.");
  const extraction = extractionOf(flags);
  if (!dynamic) return extraction;
  const { imgSizes: _, ...rest } = extraction;
  return { ...rest, ...(imgSizes && { scales: imgSizes.map(sideOf) }), maxTiles: maxTiles ?? MAX_TILES };
}

function sideOf(size: NonNullable<SizeFlags["maxSplitSize"]>): number {
  if (typeof size !== "object") return size;
  throw new S2Error("option", `Dynamic S² has square tiles; got ${size[1]}x${size[0]}, expected a side such as 224.`);
}
