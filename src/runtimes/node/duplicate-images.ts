/** Signatures of image files for `findDuplicates`, kept from run to run, and groups of duplicates in words and as a page. */
import { createHash } from "node:crypto";
import { array, minValue, number, object, pipe, safeParse, string, tuple } from "valibot";
import { imageVector } from "../../features/index.ts";
import { differenceHash, HASH_WORDS, type Photo } from "../../images/index.ts";
import type { DuplicateGroup, ImageSignature } from "../../retrieval/index.ts";
import { type ExtractImagesOptions, extractImages, type Store } from "../../store/index.ts";
import type { SheetGroup } from "./image-sheet.ts";

/** The extraction for the vectors: the whole image at the model's size, which crops and changes of shape move least. */
export const duplicateExtraction = { scales: [1], fit: "squash" } as const;

/** Result for one image. */
export type SignedImage = { readonly signature: ImageSignature } | { readonly image: string; readonly issue: string };

/** The part of a signature that is made of pixels, as it is stored. */
type PixelSignature = Pick<ImageSignature, "size" | "pixelHash" | "differenceHash">;

/** Yields the signature of each image. What is in the store of `options` is neither run nor decoded again. */
export async function* signImages(images: readonly string[], options: ExtractImagesOptions): AsyncGenerator<SignedImage> {
  const { store, read, decode } = options;
  const lengths = new Map<string, number>();
  const decoded = new Map<string, PixelSignature>();
  const sign = (photo: Photo): PixelSignature => ({
    size: [photo.height, photo.width],
    pixelHash: createHash("sha256").update(`${photo.height} ${photo.width} `).update(photo.data).digest("hex"),
    differenceHash: differenceHash(photo),
  });
  const watched: ExtractImagesOptions = {
    ...options,
    async read(path) {
      const bytes = await read(path);
      lengths.set(path, bytes.length);
      return bytes;
    },
    async decode(bytes, path) {
      const photo = await decode(bytes, path);
      decoded.set(path, sign(photo));
      return photo;
    },
  };
  for await (const each of extractImages(images, watched)) {
    if ("issue" in each) {
      yield each;
      continue;
    }
    const { image, hash: contentHash, tokens } = each;
    const name = `signatures/${contentHash}.json`;
    const kept = decoded.get(image) ?? (store && (await readSignature(store, name)));
    const pixels = kept ?? sign(await decode(await read(image), image));
    if (store && !(kept && !decoded.has(image))) await writeSignature(store, name, pixels);
    decoded.delete(image);
    yield { signature: { image, contentHash, bytes: lengths.get(image)!, vector: imageVector(tokens, "mean"), ...pixels } };
  }
}

const sides = pipe(number(), minValue(1));
const stored = object({ size: tuple([sides, sides]), pixelHash: string(), differenceHash: array(number()) });

/** Returns undefined for a signature that is missing or damaged: it is made again. */
async function readSignature(store: Store, name: string): Promise<PixelSignature | undefined> {
  const bytes = await store.read(name);
  try {
    const { success, output } = safeParse(stored, JSON.parse(new TextDecoder().decode(bytes)));
    if (success && output.differenceHash.length === HASH_WORDS)
      return { ...output, differenceHash: Uint32Array.from(output.differenceHash) };
  } catch {}
  return undefined;
}

async function writeSignature(store: Store, name: string, { differenceHash, ...rest }: PixelSignature): Promise<void> {
  await store.write(name, new TextEncoder().encode(`${JSON.stringify({ ...rest, differenceHash: [...differenceHash] })}\n`));
}

/** Describes groups as lines: the image to keep, and below it the others with how they relate to it. */
export function describeDuplicates(groups: readonly DuplicateGroup[], images: number): string[] {
  const lines = groups.flatMap((group) =>
    group.images.map((each, i) => `${i > 0 ? "  " : ""}${each.image}  ${describeImage(each)}`),
  );
  const others = groups.flatMap((group) => group.images.slice(1));
  if (others.length === 0) return [`no duplicates among ${images} images`];
  const size = inBytes(others.reduce((sum, { bytes }) => sum + bytes, 0));
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const last = `${count(groups.length, "group")} among ${images} images: ${count(others.length, "image")} (${size}) beside those to keep; nothing was deleted`;
  return [...lines, last];
}

/** Lays out a page with a group for each picture, the image to keep first and marked. */
export function duplicatesSheet(
  groups: readonly DuplicateGroup[],
  images: number,
): { readonly title: string; readonly lead: string; readonly groups: readonly SheetGroup[] } {
  return {
    title: groups.length === 1 ? "1 group of duplicates" : `${groups.length} groups of duplicates`,
    lead: `Among ${images} images. The largest image of each group is marked as the one to keep; nothing was deleted.`,
    groups: groups.map(({ kind, images }, i) => ({
      title: `${i + 1}. ${images.length} ${kind === "exact" ? "exact" : "near"} duplicates`,
      images: images.map((each, at) => ({
        ...{ path: each.image, size: each.size, marked: at === 0 },
        caption: describeImage(each),
      })),
    })),
  };
}

type DuplicateImage = DuplicateGroup["images"][number];

function describeImage({ relation, size: [height, width], bytes, similarity, difference }: DuplicateImage): string {
  const near = `near: similarity ${similarity.toFixed(3)}, ${difference} of 128 bits differ`;
  return `${relation === "near" ? near : relation}, ${width}x${height}, ${inBytes(bytes)}`;
}

const inBytes = (bytes: number) => (bytes < 999_500 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
