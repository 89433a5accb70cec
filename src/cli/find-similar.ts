/** Runs `s2 similar`: searches an index that is brought up to date, or draws similarities over the image itself. */
import { basename, extname, join, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { heatPicture } from "../features/index.ts";
import { loadImage, type Model, savePng } from "../node.ts";
import { describeHits } from "../retrieval/index.ts";
import {
  checkSheetPath,
  describeIndex,
  hitsSheet,
  type IndexLocation,
  loadClip,
  locateIndex,
  refuseForeign,
  findSimilar as search,
  similarityMaps,
  writeImageSheet,
} from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import { failingWith, status } from "./errors.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { stopSignal, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeMessage, writeReport, writeResult } from "./output.ts";
import { extractionOf, openModel, pick, sourceOf } from "./plan-flags.ts";
import { damagedNote, failedLine, openProgress, type PrintFlags, printUndecoded } from "./progress.ts";

/** Flags of `s2 similar`. */
export interface SimilarFlags extends SizeFlags, ModelFlags, PrintFlags {
  in?: string;
  at?: [x: number, y: number];
  box?: [left: number, top: number, width: number, height: number];
  window?: number;
  pooling?: "cls" | "mean" | "cls+mean";
  top: number;
  store: string;
  out?: string;
  html?: string;
  text?: string;
}

/** Returns the exit status. */
export async function findSimilar(image: string | undefined, flags: SimilarFlags): Promise<number> {
  const { in: where, store, html, text } = flags;
  checkFlags(image, flags);
  if (html) checkSheetPath(html);
  if (text !== undefined) return findByText(text, where!, flags);
  const picture = image && !where ? heatFile(image, flags.out) : undefined;
  return untilStopped(async () => {
    const location = where ? await failingWith(status.allFailed, () => locateIndex(where, store)) : undefined;
    const model = await openModel(flags);
    try {
      return await (location ? inImages(image, location, flags, model) : inItself(image!, picture!, flags, model));
    } finally {
      await model.dispose();
    }
  });
}

/** @throws S2Error "option" for flags that have no effect together. */
function checkFlags(image: string | undefined, { in: where, at, box, out, html, dynamic, text }: SimilarFlags): void {
  const refuse = (message: string) => new S2Error("option", message);
  if (dynamic) throw refuse("Dynamic S² gives each image scales of its own, which cannot be compared; leave out --dynamic.");
  if (text !== undefined && (image !== undefined || !where))
    throw refuse(
      `Got --text ${image === undefined ? "without --in" : "and IMAGE"}. Give one of IMAGE and --text, and --in FOLDER.`,
    );
  if (image === undefined && text === undefined && (!where || at || box || html))
    throw refuse(
      `There is no image to search for. Give IMAGE${where ? ", or --in alone to make the index" : " and --in FOLDER"}.`,
    );
  if (!where && !at && !box)
    throw refuse("There is nothing to search. Give --in FOLDER for other images, or --at x,y for this one.");
  if (where && out)
    throw refuse(`--out is for the heat over one image, without --in. Give --html FILE for a page with the hits.`);
  if (!where && html)
    throw refuse("--html is for the hits in other images. Give --in FOLDER too, or --out FILE.png for the heat.");
}

/** Returns the file for the heat. @throws S2Error "option" or "write" for one that may not be written. */
function heatFile(image: string, out: string | undefined): string {
  const picture = out ?? join("features", `${basename(image, extname(image))}.similar.png`);
  if (resolve(picture) === resolve(image))
    throw new S2Error("option", `The picture would overwrite the image ${image}; give another --out.`);
  refuseForeign([{ path: picture, named: out !== undefined }]);
  return picture;
}

/** Searches with a model of images and texts. */
async function findByText(text: string, where: string, flags: SimilarFlags): Promise<number> {
  return untilStopped(async () => {
    const location = await failingWith(status.allFailed, () => locateIndex(where, flags.store));
    const clip = await failingWith(status.model, () => loadClip(flags.model, pick(flags, "threads", "offline")));
    try {
      const scales = flags.imgSizes ? {} : { scales: [1] };
      const sizes = { ...scales, fit: clip.fit, fusion: "reference" as const, merge: "mean" as const, ...extractionOf(flags) };
      const vector = await clip.embedText(text);
      return await inImages({ text, vector }, location, { ...flags, ...sizes, output: "image_embeds" }, clip.images);
    } finally {
      await clip.dispose();
    }
  });
}

async function inImages(
  wanted: string | { text: string; vector: Float32Array } | undefined,
  location: IndexLocation,
  flags: SimilarFlags,
  model: Model,
): Promise<number> {
  const { json, quiet, window = 3, html } = flags;
  const [image, text] = typeof wanted === "object" ? [undefined, wanted.text] : [wanted, undefined];
  const extraction = { ...(await sourceOf(model, flags, location)), extraction: extractionOf(flags) };
  const progress = await openProgress(location.images?.length ?? 0, flags);
  let [extracted, indexed, damaged] = [0, 0, 0];
  const update = () => progress.update(Math.max(extracted, indexed)); // an index is written in batches
  const onImage: ExtractImagesOptions["onImage"] = ({ stale }) => {
    extracted++;
    if (stale?.includes("file")) damaged++;
    update();
  };
  const found = await search(
    typeof wanted === "object" ? { text: wanted.vector } : wanted,
    location,
    { ...extraction, onImage },
    {
      ...{ ...flags, window },
      onFallback: () => quiet || writeMessage("note: LanceDB is not installed; the index is one file, searched in memory.\n"),
      onIndexed(each) {
        if ("issue" in each) progress.log(failedLine(each.image, each.issue));
        if ("issue" in each || each.done !== "removed") indexed++;
        update();
      },
    },
  ).finally(() => progress.stop());
  const { box, size, hits, index } = found;
  if (damaged > 0 && !quiet) writeMessage(damagedNote(damaged));
  if (!quiet) printUndecoded(location.undecoded);
  if (index && !quiet && !json && wanted !== undefined && index.kept < (location.images?.length ?? 0))
    writeMessage(`${describeIndex(index)}\n`);
  if (html) {
    const query = image !== undefined && size ? { path: image, size, box, caption: "searched for", marked: true } : text;
    await writeImageSheet(html, hitsSheet(query ?? "", hits, box !== undefined), stopSignal);
  }
  if (json) writeResult(jsonLine({ image, text, box, hits, index, html }));
  else if (wanted === undefined) writeReport(`${index ? describeIndex(index) : "The index exists; nothing was added to it."}\n`);
  else writeResult(inLines(describeHits(hits, box !== undefined)));
  return (index?.failed ?? 0) > 0 ? status.someFailed : status.ok;
}

/** Draws on the finest scale's grid. */
async function inItself(image: string, out: string, flags: SimilarFlags, model: Model): Promise<number> {
  const finest = extractionOf(flags.resizeOutputToIdx === undefined ? { outputScale: "finest", ...flags } : flags);
  const folders = { base: process.cwd(), home: join(flags.store, "alone") };
  const extraction = { ...(await sourceOf(model, flags, folders)), extraction: finest };
  const { box, maps, grid } = await similarityMaps(image, extraction, { ...flags, window: flags.window ?? 1 });
  await failingWith(status.usage, async () => savePng(heatPicture(await loadImage(image), maps, box), out));
  const said = `${image} -> ${out}  ${grid.rows}x${grid.cols} regions; ${maps.length} panels of heat: the first scale, then one more each`;
  writeReport(flags.json ? jsonLine({ image, box, picture: out, grid }) : `${said}\n`);
  return status.ok;
}
