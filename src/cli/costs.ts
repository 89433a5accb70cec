/** What ways of looking cost on this machine: tiles, time and size of a photo's features, measured on a few photos in turns. */
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import { extract, loadImage, type Model, planPhoto } from "../node.ts";
import type { Look } from "../store/index.ts";
import type { Cost } from "../tasks/index.ts";
import { failingWith } from "./errors.ts";
import { status } from "./status.ts";

const PHOTOS = 3;
const ROUNDS = 3;

/** Medians; ways take turns, so that other load of the machine hits all alike. The first round warms up and does not count. */
export async function costsOf(model: Model, base: string, paths: readonly string[], looks: readonly Look[]): Promise<Cost[]> {
  await failingWith(status.allFailed, () => {
    if (paths.length === 0)
      throw new S2Error("photo-broken", "No test photo is left to measure costs on; see what is said of each.");
  });
  const photos = await Promise.all(paths.slice(0, PHOTOS).map((path) => loadImage(join(base, path))));
  const times: number[][] = looks.map(() => []);
  const sizes: number[] = looks.map(() => 0);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const photo of photos) {
      for (const [i, look] of looks.entries()) {
        const start = performance.now();
        const { data } = await extract(model, photo, look);
        if (round > 0) times[i].push(performance.now() - start);
        sizes[i] = data.byteLength / 1e6;
      }
    }
  }
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  return looks.map((look, i) => ({
    tiles: planPhoto(photos[0], look, model.traits).tiles,
    milliseconds: middle(times[i]),
    megabytes: sizes[i],
  }));
}
