/** Sources of an archive as lists of shards: folders, globs and files, CSV and Parquet lists, tar files, buckets. */
import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { badOption, S2Error } from "../core/index.ts";
import { isImageName } from "../images/index.ts";
import { findImages, readImage } from "../runtimes/node/index.ts";
import { readCsvList, readParquetList } from "./image-lists.ts";
import { isBucket, openSource } from "./open-store.ts";
import type { ShardList } from "./plan.ts";
import { tarMembers } from "./tar-members.ts";

/** Images of a shard: a killed worker loses at most as many. */
export const SHARD_SIZE = 1000;

/** Lists of shards, and the images of folders in formats that are not decoded. */
export interface FoundSources {
  readonly lists: readonly ShardList[];
  readonly undecoded: Awaited<ReturnType<typeof findImages>>["undecoded"];
}

/**
 * Finds the images of sources. A path that ends in .csv, .tsv or .txt is a list of paths, .parquet one in a column, .tar a WebDataset shard;
 * any other is an image, a folder or a glob as in `extractFiles`. s3://BUCKET/PREFIX finds what begins so.
 * @throws S2Error "image-not-found" for a source without images.
 */
export async function findSources(sources: readonly string[], shardSize = SHARD_SIZE): Promise<FoundSources> {
  if (!(Number.isInteger(shardSize) && shardSize > 0)) throw badOption("option", "shardSize", shardSize, "a whole number from 1");
  const lists: ShardList[] = [];
  const undecoded: FoundSources["undecoded"][number][] = [];
  const addFiles = (images: readonly string[]) => lists.push(...chunks(images, shardSize).map((chunk) => ({ images: chunk })));
  for (const source of sources) {
    const bucket = isBucket(source);
    const found = bucket ? await (await import("./s3-store.ts")).listBucket(source) : await expand(source, undecoded);
    const files = found.filter((path) => isImageName(path));
    addFiles(files);
    for (const path of found.filter((each) => !isImageName(each))) {
      const count = lists.length;
      const kind = extname(path).toLowerCase();
      if (kind === ".tar") lists.push(...(await tarLists(path, shardSize)));
      else if (kind === ".parquet") addFiles(await readParquetList(path));
      else if (LISTS.includes(kind)) addFiles(await readCsvList(path));
      else if (!bucket) addFiles([path]); // an image without an extension; its bytes decide
      if (lists.length === count && !bucket) throw empty(path);
    }
    if (found.length === 0) throw empty(source);
  }
  return { lists, undecoded };
}

const LISTS = [".csv", ".tsv", ".txt"];
const empty = (source: string) =>
  new S2Error(
    "image-not-found",
    `${source} has no images. Give images, a folder, a glob in quotes, a list (.csv, .parquet) or a .tar.`,
  );

/** Lists the files of a local source by their full paths, which workers with another working folder find too. */
async function expand(source: string, undecoded: FoundSources["undecoded"][number][]): Promise<string[]> {
  if (/[*?[\]{}]/.test(source) && /\.(tar|csv|tsv|txt|parquet)$/i.test(source)) {
    const { glob } = await import("tinyglobby");
    return (await glob(source, { absolute: true, expandDirectories: false })).sort();
  }
  const found = await findImages(source);
  const missing = found.images.find((image) => image.missing);
  if (missing?.missing) throw missing.missing;
  if (found.images.length === 1 && !existsSync(found.images[0].path)) await readImage(found.images[0].path); // throws, with advice
  undecoded.push(...found.undecoded);
  return found.images.map(({ path }) => resolve(path));
}

async function tarLists(path: string, shardSize: number): Promise<ShardList[]> {
  const file = await openSource(path);
  try {
    const members = (await tarMembers(file, path)).filter(({ name }) => isImageName(name));
    const entries = members.map(({ name, begin, length }) => [name, begin, length] as const);
    return chunks(entries, shardSize).map((chunk) => ({ tar: path, members: chunk }));
  } finally {
    await file.close();
  }
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
