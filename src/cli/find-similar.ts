/** The work of `s2 similar`: the image's features, then an index that is brought up to date and searched, or heat over the image. */
import { basename, extname, join, relative, resolve } from "node:path";
import { type Box, S2Error } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { heatPicture, imageVector, takeScales } from "../features/index.ts";
import { loadImage, type Model, savePng } from "../node.ts";
import {
  boxAround,
  gridGeometryOf,
  indexConfigOf,
  openIndex,
  type Query,
  regionVector,
  search,
  similarities,
} from "../retrieval/index.ts";
import { type ExtractImagesOptions, extractImages } from "../store/index.ts";
import type { VectorHit } from "../tensors/index.ts";
import { collectionFor } from "./collection.ts";
import { failingWith } from "./errors.ts";
import type { SimilarFlags } from "./flags.ts";
import { sayPassedOver } from "./images.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { writeReport, writeResult } from "./output.ts";
import { refuseForeign } from "./own-files.ts";
import { extractionOf, openModel } from "./plan-flags.ts";
import { bringUpToDate, openPlace, type Place } from "./similar-index.ts";
import { status } from "./status.ts";

/** Returns the exit status. */
export async function findSimilar(image: string, flags: SimilarFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each image scales of its own, which cannot be compared; leave out --dynamic.");
  if (!flags.in && !flags.at && !flags.box)
    throw new S2Error("option", "Where to look? Give --in FOLDER for other images, or --at x,y for this one.");
  listenForInterrupt();
  const picture = flags.out ?? join("features", `${basename(image, extname(image))}.similar.png`);
  if (!flags.in) {
    if (resolve(picture) === resolve(image))
      throw new S2Error("option", `The picture would overwrite the image ${image}; give another --out.`);
    refuseForeign([{ path: picture, named: flags.out !== undefined }]);
  }
  const place = flags.in ? await openPlace(flags.in, flags.store) : undefined;
  const model = await openModel(flags);
  try {
    return await (place ? inImages(image, place, flags, model) : inItself(image, picture, flags, model));
  } finally {
    await model.dispose();
  }
}

async function inImages(image: string, place: Place, flags: SimilarFlags, model: Model): Promise<number> {
  const collection = await collectionFor(model, flags, extractionOf(flags), place);
  const pooling = flags.pooling ?? (model.traits.prefixTokens > 0 ? "cls" : "mean");
  const window = flags.window ?? 3;
  const asRegion = flags.at !== undefined || flags.box !== undefined;
  const label = indexConfigOf(collection, { pooling, ...(asRegion && { regions: { window, stride: Math.ceil(window / 2) } }) });
  const name = relative(place.base, resolve(image));
  const tokens = await lookAt(name, image, collection);
  const box = asRegion ? boxFor(tokens, flags, window) : undefined;
  const query: Query = box ? { region: regionVector(tokens, box) } : { image: imageVector(tokens, pooling) };
  const { store, keep } = await place.open(label, flags);
  try {
    const index = await openIndex(store, label);
    const counts = place.images && (await bringUpToDate(index, place.images, collection, flags));
    if (counts && counts.added + counts.removed + counts.failed > 0) await keep();
    // The image itself is no news.
    const found = (await search(index, query, { top: flags.top + 1 })).filter((hit) => hit.image !== name).slice(0, flags.top);
    const hits = found.map((hit) => ({ ...hit, image: place.images ? join(place.shown, hit.image) : hit.image }));
    if (place.passedOver && !flags.quiet) sayPassedOver(place.passedOver);
    writeResult(flags.json ? `${JSON.stringify({ image, box, hits, index: counts })}\n` : inWords(hits, asRegion));
    return (counts?.failed ?? 0) > 0 ? status.someFailed : status.ok;
  } finally {
    await store.close();
  }
}

async function lookAt(name: string, image: string, collection: ExtractImagesOptions): Promise<ImageTokens> {
  for await (const each of extractImages([name], collection)) {
    if ("tokens" in each) return each.tokens;
    await failingWith(status.allFailed, () => loadImage(image)); // says best what is wrong with a file
    throw new S2Error("image-broken", `${image}: ${each.problem}`);
  }
  throw new S2Error("image-not-found", `There is no image at ${image}.`);
}

function boxFor(tokens: ImageTokens, { at, box }: SimilarFlags, window: number): Box {
  if (at) return boxAround(tokens, at[0], at[1], window);
  const [left, top, width, height] = box!;
  return { left, top, width, height };
}

function inWords(hits: readonly VectorHit[], asRegion: boolean): string {
  const place = ({ left, top, width, height }: Box) =>
    `  ${Math.round(left)},${Math.round(top)} ${Math.round(width)}x${Math.round(height)}`;
  if (hits.length === 0) return "nothing else is in the index\n";
  return hits.map(({ image, score, box }) => `${score.toFixed(3)}  ${image}${asRegion ? place(box) : ""}\n`).join("");
}

/** Heat on the finest scale's grid: by the first scale alone, by the first two, and so on. */
async function inItself(image: string, out: string, flags: SimilarFlags, model: Model): Promise<number> {
  const finest = { ...flags, resizeOutputToIdx: flags.resizeOutputToIdx ?? -1 };
  const here = { base: process.cwd(), home: join(flags.store, "alone") };
  const collection = await collectionFor(model, finest, extractionOf(finest), here);
  const tokens = await lookAt(relative(here.base, resolve(image)), image, collection);
  const box = boxFor(tokens, flags, flags.window ?? 1);
  const maps = tokens.channelsPerScale.map((_, i) => {
    const some = takeScales(
      tokens,
      Array.from({ length: i + 1 }, (_, scale) => scale),
    );
    return { heat: { ...some.grid, data: similarities(some, regionVector(some, box)) }, place: gridGeometryOf(some) };
  });
  await failingWith(status.usage, async () => savePng(heatPicture(await loadImage(image), maps, box), out));
  const { grid } = tokens;
  const said = `${image} -> ${out}  ${grid.rows}x${grid.cols} places; ${maps.length} panels of heat: the first scale, then one more each`;
  writeReport(flags.json ? `${JSON.stringify({ image, box, picture: out, grid })}\n` : `${said}\n`);
  return status.ok;
}
