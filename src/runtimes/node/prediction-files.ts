/** Files of a prediction: the picture with its legend for people, and the mask or the depth for programs. */
import { relative, sep } from "node:path";
import { classColor, depthColor, depthPicture, maskPicture } from "../../features/index.ts";
import type { Photo } from "../../images/index.ts";
import type { Store } from "../../store/index.ts";
import { tagPng } from "../../tensors/index.ts";
import { type FoundImages, findImages } from "./find-images.ts";
import { colorScale, type LegendEntry, pngWithLegend, swatches } from "./legend.ts";
import { nameOutputs, type OutputFile } from "./output-files.ts";
import { refuseForeign } from "./refuse-foreign.ts";

/** A class for each pixel, or meters for each pixel. */
export type DrawnPrediction =
  | { readonly task: "segmentation"; readonly mask: Parameters<typeof maskPicture>[1] }
  | { readonly task: "depth"; readonly depth: Parameters<typeof depthPicture>[1] };

/** An image with the files of its prediction. */
export interface PredictionFile extends OutputFile {
  /** Path below the folder in which the image was found, with slashes. */
  readonly name: string;
  /** Paths of the files by what they hold, named after the picture; none for tasks that draw nothing. */
  readonly paths: Readonly<Record<string, string>>;
}

/**
 * Finds images and names the files of each one's prediction, before anything runs; `forAll` are files that hold those of all images.
 * @throws S2Error "option" as `nameOutputs`; "write" when a file would replace one of someone else.
 */
export async function predictionFiles(
  given: readonly string[],
  {
    folder,
    task,
    forAll = [],
  }: { readonly folder: string; readonly task?: DrawnPrediction["task"]; readonly forAll?: readonly string[] },
): Promise<{ readonly files: PredictionFile[]; readonly undecoded: FoundImages["undecoded"] }> {
  const { images, undecoded } = await findImages(given, folder);
  const named = task && nameOutputs(images, { folder, format: "png" }, true);
  const files = images.map(({ path, name, missing }, i) => {
    const file = named?.[i] ?? { image: path, out: "", missing };
    return { ...file, name: name.split(sep).join("/"), paths: pathsOf(file.picture, task) };
  });
  const outputs = files.flatMap(({ missing, paths }) => (missing ? [] : Object.values(paths)));
  refuseForeign([...outputs, ...forAll].map((path) => ({ path })));
  return { files, undecoded };
}

function pathsOf(picture?: string, task?: DrawnPrediction["task"]): Readonly<Record<string, string>> {
  if (!picture || !task) return {};
  const suffix = task === "segmentation" ? "mask" : "depth";
  return { picture, [suffix]: picture.replace(/png$/, `${suffix}.png`) };
}

/** Writes the files of a mask or of depth into a folder's store. */
export async function writePrediction(
  prediction: DrawnPrediction,
  classes: readonly string[],
  image: Photo,
  paths: Readonly<Record<string, string>>,
  { folder, store }: { readonly folder: string; readonly store: Store },
): Promise<void> {
  const { encode } = await import("fast-png");
  const write = (path: string, bytes: Uint8Array) => store.write(relative(folder, path), tagPng(bytes));
  if (prediction.task === "segmentation") {
    const { mask } = prediction;
    const { width, height, data } = mask;
    const palette = classes.map((_, id) => classColor(id));
    await write(paths.mask, encode({ width, height, data, channels: 1, depth: 8, palette }));
    const drawn = maskPicture(image, mask);
    return write(paths.picture, await pngWithLegend(drawn, swatches(entriesOf(data, classes), drawn.width)));
  }
  const { width, height, data } = prediction.depth;
  const millimeters = Uint16Array.from(data, (meters) => Math.min(65535, Math.round(1000 * meters)));
  await write(paths.depth, encode({ width, height, channels: 1, depth: 16, data: millimeters }));
  const sorted = data.toSorted();
  const [near, far] = [sorted[0], sorted[sorted.length - 1]];
  const drawn = depthPicture(image, prediction.depth, { near, far });
  const ends = [`${near.toFixed(2)} m`, `${far.toFixed(2)} m`] as const;
  await write(paths.picture, await pngWithLegend(drawn, colorScale(ends, depthColor, drawn.width)));
}

/** Returns the classes of a mask with their percentages of its pixels, the most frequent first. */
function entriesOf(mask: Uint8Array, classes: readonly string[]): LegendEntry[] {
  const counts = new Uint32Array(classes.length);
  for (const id of mask) counts[id]++;
  const present = Array.from(counts.keys()).filter((id) => counts[id] > 0);
  return present
    .sort((a, b) => counts[b] - counts[a])
    .map((id) => ({ name: classes[id], note: percent(counts[id] / mask.length), color: classColor(id) }));
}

const percent = (fraction: number): string => (fraction < 0.001 ? "< 0.1 %" : `${(100 * fraction).toFixed(1)} %`);
