/** Several images at once: as one tensor for a model, and as one hash of their files. */
import type { Tensor } from "../../core/index.ts";
import { prepareImage } from "../../features/index.ts";
import type { Preprocessing } from "../../images/index.ts";
import { sha256 } from "../../tensors/index.ts";
import { loadImage } from "./load-image.ts";
import { readImage } from "./read-image.ts";

/** Decodes images and prepares them for a model: [b, 3, h, w]. @throws S2Error as `loadImage` does. */
export async function loadImages(
  paths: readonly string[],
  [height, width]: readonly [height: number, width: number],
  preprocessing?: Preprocessing,
): Promise<Tensor> {
  const each = 3 * height * width;
  const data = new Float32Array(paths.length * each);
  for (const [i, path] of paths.entries())
    data.set(prepareImage(await loadImage(path), [height, width], preprocessing).data, i * each);
  return { dims: [paths.length, 3, height, width], data };
}

/** One hash of the bytes of all images. */
export async function hashImages(images: readonly string[]): Promise<string> {
  const hashes: string[] = [];
  for (const path of images) hashes.push(await readImage(path).then(sha256, () => "unreadable"));
  return sha256(new TextEncoder().encode(hashes.join()));
}
