/** `hashImages`: one hash over the files of many images. */
import { sha256 } from "../../tensors/index.ts";
import { readImage } from "./read-image.ts";

/** One hash of the bytes of all images. */
export async function hashImages(images: readonly string[]): Promise<string> {
  const hashes: string[] = [];
  for (const path of images) hashes.push(await readImage(path).then(sha256, () => "unreadable"));
  return sha256(new TextEncoder().encode(hashes.join()));
}
