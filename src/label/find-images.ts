/** The images among the files of a folder: those that a person would label. */
import { S2Error } from "../core/index.ts";
import { isImageName } from "../images/index.ts";
import { isTaggedPng } from "../tensors/index.ts";

/**
 * Returns the images among the paths of a folder's files, in the order of their numbers, without masks and other pictures of this package;
 * `readStart` gives at least the first 256 bytes of a file. @throws S2Error "image-not-found" for a folder without images.
 */
export async function imagesToLabel(
  folder: string,
  paths: readonly string[],
  readStart: (path: string) => Promise<Uint8Array>,
): Promise<string[]> {
  const images: string[] = [];
  for (const path of paths.filter(isImageName)) {
    const isOurs = /\.png$/i.test(path) && isTaggedPng(await readStart(path).catch(() => new Uint8Array()));
    if (!isOurs) images.push(path);
  }
  if (images.length === 0)
    throw new S2Error(
      "image-not-found",
      `The folder "${folder}" has no images, and none in folders below it; give another folder.`,
    );
  return images.sort(new Intl.Collator("en", { numeric: true }).compare);
}
