/** `loadImages`: images of several files as one tensor for a model. */
import type { Tensor } from "../../core/index.ts";
import { prepareImage } from "../../features/index.ts";
import type { Preprocessing } from "../../images/index.ts";
import { loadImage } from "./load-image.ts";

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
