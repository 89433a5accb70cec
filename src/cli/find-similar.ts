/** The work of `s2 similar`: the photo's features, then an index that is brought up to date and searched, or heat over the photo. */
import { basename, extname, join, relative, resolve } from "node:path";
import { type Box, S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { photoVector, takeScales } from "../features/index.ts";
import { heatPicture, loadImage, type Model, savePng } from "../node.ts";
import { boxAround, labelOf, openIndex, placeOf, type Query, regionVector, search, similarities } from "../retrieval/index.ts";
import { type Collection, collectFeatures } from "../store/index.ts";
import type { VectorHit } from "../tensors/index.ts";
import { collectionFor } from "./collection.ts";
import { failingWith } from "./errors.ts";
import type { SimilarFlags } from "./flags.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { writeReport, writeResult } from "./output.ts";
import { refuseForeign } from "./own-files.ts";
import { sayPassedOver } from "./photos.ts";
import { lookOf, openModel } from "./plan-flags.ts";
import { bringUpToDate, openPlace, type Place } from "./similar-index.ts";
import { status } from "./status.ts";

/** Returns the exit status. */
export async function findSimilar(photo: string, flags: SimilarFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each photo scales of its own, which cannot be compared; leave out --dynamic.");
  if (!flags.in && !flags.at && !flags.box)
    throw new S2Error("option", "Where to look? Give --in FOLDER for other photos, or --at x,y for this one.");
  listenForInterrupt();
  const picture = flags.out ?? join("features", `${basename(photo, extname(photo))}.similar.png`);
  if (!flags.in) {
    if (resolve(picture) === resolve(photo))
      throw new S2Error("option", `The picture would overwrite the photo ${photo}; give another --out.`);
    refuseForeign([{ path: picture, named: flags.out !== undefined }]);
  }
  const place = flags.in ? await openPlace(flags.in, flags.store) : undefined;
  const model = await openModel(flags);
  try {
    return await (place ? inPhotos(photo, place, flags, model) : inItself(photo, picture, flags, model));
  } finally {
    await model.dispose();
  }
}

async function inPhotos(photo: string, place: Place, flags: SimilarFlags, model: Model): Promise<number> {
  const collection = await collectionFor(model, flags, lookOf(flags), place);
  const pooling = flags.pooling ?? (model.traits.prefixTokens > 0 ? "cls" : "mean");
  const window = flags.window ?? 3;
  const asRegion = flags.at !== undefined || flags.box !== undefined;
  const label = labelOf(collection, { pooling, ...(asRegion && { regions: { window, stride: Math.ceil(window / 2) } }) });
  const name = relative(place.base, resolve(photo));
  const tokens = await lookAt(name, photo, collection);
  const box = asRegion ? boxFor(tokens, flags, window) : undefined;
  const query: Query = box ? { region: regionVector(tokens, box) } : { photo: photoVector(tokens, pooling) };
  const { store, keep } = await place.open(label, flags);
  try {
    const index = await openIndex(store, label);
    const counts = place.photos && (await bringUpToDate(index, place.photos, collection, flags));
    if (counts && counts.added + counts.removed + counts.failed > 0) await keep();
    // The photo itself is no news.
    const found = (await search(index, query, { top: flags.top + 1 })).filter((hit) => hit.photo !== name).slice(0, flags.top);
    const hits = found.map((hit) => ({ ...hit, photo: place.photos ? join(place.shown, hit.photo) : hit.photo }));
    if (place.passedOver && !flags.quiet) sayPassedOver(place.passedOver);
    writeResult(flags.json ? `${JSON.stringify({ photo, box, hits, index: counts })}\n` : inWords(hits, asRegion));
    return (counts?.failed ?? 0) > 0 ? status.someFailed : status.ok;
  } finally {
    await store.close();
  }
}

async function lookAt(name: string, photo: string, collection: Collection): Promise<PhotoTokens> {
  for await (const each of collectFeatures([name], collection)) {
    if ("tokens" in each) return each.tokens;
    await failingWith(status.allFailed, () => loadImage(photo)); // says best what is wrong with a file
    throw new S2Error("photo-broken", `${photo}: ${each.problem}`);
  }
  throw new S2Error("photo-not-found", `There is no photo at ${photo}.`);
}

function boxFor(tokens: PhotoTokens, { at, box }: SimilarFlags, window: number): Box {
  if (at) return boxAround(tokens, at[0], at[1], window);
  const [left, top, width, height] = box!;
  return { left, top, width, height };
}

function inWords(hits: readonly VectorHit[], asRegion: boolean): string {
  const place = ({ left, top, width, height }: Box) =>
    `  ${Math.round(left)},${Math.round(top)} ${Math.round(width)}x${Math.round(height)}`;
  if (hits.length === 0) return "nothing else is in the index\n";
  return hits.map(({ photo, score, box }) => `${score.toFixed(3)}  ${photo}${asRegion ? place(box) : ""}\n`).join("");
}

/** Heat on the finest scale's grid: by the first scale alone, by the first two, and so on. */
async function inItself(photo: string, out: string, flags: SimilarFlags, model: Model): Promise<number> {
  const finest = { ...flags, resizeOutputToIdx: flags.resizeOutputToIdx ?? -1 };
  const here = { base: process.cwd(), home: join(flags.store, "alone") };
  const collection = await collectionFor(model, finest, lookOf(finest), here);
  const tokens = await lookAt(relative(here.base, resolve(photo)), photo, collection);
  const box = boxFor(tokens, flags, flags.window ?? 1);
  const maps = tokens.widths.map((_, i) => {
    const some = takeScales(
      tokens,
      Array.from({ length: i + 1 }, (_, scale) => scale),
    );
    return { heat: { ...some.grid, data: similarities(some, regionVector(some, box)) }, place: placeOf(some) };
  });
  await failingWith(status.usage, async () => savePng(heatPicture(await loadImage(photo), maps, box), out));
  const { grid } = tokens;
  const said = `${photo} -> ${out}  ${grid.rows}x${grid.cols} places; ${maps.length} panels of heat: the first scale, then one more each`;
  writeReport(flags.json ? `${JSON.stringify({ photo, box, picture: out, grid })}\n` : `${said}\n`);
  return status.ok;
}
