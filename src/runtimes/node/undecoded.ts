/** Sentences on files that are images but are not decoded. */
import { extname } from "node:path";
import type { FoundImages } from "./find-images.ts";
import { escapePath } from "./quote-path.ts";

/** Counts images that are not decoded, such as "2 passed over (.bmp, .heic are not decoded)"; undefined for none. */
export function undecodedInWords(images: FoundImages["undecoded"]): string | undefined {
  if (images.length === 0) return undefined;
  const formats = [...new Set(images.map(({ path }) => extname(path).toLowerCase()))].sort();
  return `${images.length} passed over (${formats.join(", ")} ${formats.length > 1 ? "are" : "is"} not decoded)`;
}

/** Lines with the reason for the first image of each format that is not decoded. */
export function undecodedReasons(images: FoundImages["undecoded"]): string[] {
  const format = ({ path }: { readonly path: string }) => extname(path).toLowerCase();
  const first = images.filter((image, i) => images.findIndex((other) => format(other) === format(image)) === i);
  return first.map(({ reason }) => `passed over: ${escapePath(reason.message)}`);
}
