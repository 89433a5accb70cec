/** The upright size of an image from its header, without decoding it: one function for data sets and all other callers. */
import { S2Error } from "../core/index.ts";
import { swapsSides } from "./orientation.ts";

/**
 * Height and width as `loadImage` decodes the image: upright where the file turns it.
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export async function readImageSize(bytes: Uint8Array): Promise<[height: number, width: number]> {
  if (bytes.length === 0) throw new S2Error("data-file", "It is empty (0 bytes); copy or download it again.");
  const { imageSize } = await import("image-size");
  let size: ReturnType<typeof imageSize>;
  try {
    size = imageSize(bytes);
  } catch (error) {
    throw new S2Error("data-file", "It is no image that can be read, or its start is damaged; copy or download it again.", {
      cause: error,
    });
  }
  const { width, height } = size;
  if (!(width > 0 && height > 0))
    throw new S2Error("data-file", `It says to be ${width}x${height} pixels; copy or download it again.`);
  return swapsSides(bytes) ? [width, height] : [height, width];
}
