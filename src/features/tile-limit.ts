/** The limit on the tiles of one image: a strip of 60000x1 pixels would be planned as 300,000 of them. */
import { badOption, px, S2Error } from "../core/index.ts";

/** Default of `maxTilesPerImage`; a square image reaches it with scales of 1 to 14. */
export const MAX_TILES_PER_IMAGE = 1024;

/** @throws S2Error "too-many-tiles". */
export function limitTiles(
  { height, width }: { height: number; width: number },
  tiles: number,
  maxTilesPerImage = MAX_TILES_PER_IMAGE,
): void {
  if (!(maxTilesPerImage >= 1)) throw badOption("option", "maxTilesPerImage", maxTilesPerImage, "a number of at least 1");
  if (!(tiles > maxTilesPerImage) || height * width === 0) return; // the plan refuses an empty image
  throw new S2Error(
    "too-many-tiles",
    `An image of ${px([height, width])} px would be cut into ${tiles} tiles at these sizes; the limit is ${maxTilesPerImage}. ` +
      `Crop the image, take smaller scales or fit "crop", or raise maxTilesPerImage to ${tiles}.`,
    { option: ["scales", "fit", "maxTilesPerImage"], received: tiles, expected: `at most ${maxTilesPerImage} tiles` },
  );
}
