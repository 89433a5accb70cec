/** A photo's size from the first bytes of its file, without decoding it. */

import { S2Error } from "../core/index.ts";

/**
 * Height and width as the photo is decoded: a JPEG whose EXIF turns it is upright. (EXIF of other formats is not looked at.)
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export async function photoSize(bytes: Uint8Array): Promise<[height: number, width: number]> {
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
  const { width, height, orientation = 1 } = size;
  if (!(width > 0 && height > 0))
    throw new S2Error("data-file", `It says to be ${width}x${height} pixels; copy or download it again.`);
  return orientation >= 5 ? [width, height] : [height, width];
}
