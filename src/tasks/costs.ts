/** Cost of extraction configs on this machine: tiles, time and size of an image's features, measured on a few images. */
import { S2Error } from "../core/index.ts";
import { extractImage, type ImageModel } from "../features/index.ts";
import type { ExtractImagesOptions, ExtractionConfig } from "../store/index.ts";
import type { Cost } from "./advice.ts";

const IMAGES = 3;
const ROUNDS = 3;

/**
 * Measures the cost of each config: medians over some of the images. Configs take turns, so that other load of the machine affects all alike.
 * The first round warms up and does not count.
 * @throws S2Error "image-broken" without images.
 */
export async function measureCosts(
  { model, read, decode }: Pick<ExtractImagesOptions, "read" | "decode"> & { readonly model: ImageModel },
  paths: readonly string[],
  configs: readonly ExtractionConfig[],
): Promise<Cost[]> {
  if (paths.length === 0)
    throw new S2Error("image-broken", "No test image could be used, so no costs can be measured. See why each failed.");
  const images = await Promise.all(paths.slice(0, IMAGES).map(async (path) => decode(await read(path), path)));
  const times: number[][] = configs.map(() => []);
  const tiles: number[][] = configs.map(() => []);
  const sizes: number[] = configs.map(() => 0);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const image of images) {
      for (const [i, config] of configs.entries()) {
        let ran = 0;
        const start = performance.now();
        const { data } = await extractImage(model, image, { ...config, onProgress: (done) => void (ran = done.tiles) });
        if (round > 0) times[i].push(performance.now() - start);
        tiles[i].push(ran);
        sizes[i] = data.byteLength / 1e6;
      }
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  return configs.map((_, i) => ({ tiles: median(tiles[i]), milliseconds: median(times[i]), megabytes: sizes[i] }));
}
