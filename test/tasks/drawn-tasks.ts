/** Data sets whose features are drawn, so that what a head can know is known: the first scale holds noise, the second the answer. */
import type { ClassificationItem, CountingItem, DepthItem, SegmentationItem } from "../../src/datasets/index.ts";
import type { ImageTokens } from "../../src/features/index.ts";
import type { FeaturesOf } from "../../src/tasks/index.ts";
import { makeRandom } from "../../src/tensors/index.ts";

export const side = 4;
const size = [32, 32] as const;
const width = 4;

/** Tokens of two scales of 4 channels: noise, then `signal` of each place (the [CLS] token is place -1) and noise a tenth as large. */
export function tokensOf(seed: number, signal: (place: number) => readonly number[]): ImageTokens {
  const random = makeRandom(seed);
  const data = new Float32Array((side * side + 1) * 2 * width);
  for (let i = 0; i < data.length; i++) data[i] = random() - 0.5;
  for (let place = -1; place < side * side; place++) {
    const known = signal(place);
    for (let c = 0; c < width; c++) {
      const at = (place + 1) * 2 * width + width + c;
      data[at] = 0.1 * data[at] + (known[c] ?? 0);
    }
  }
  return { data, channels: 2 * width, prefix: 1, grid: { rows: side, cols: side }, channelsPerScale: [width, width], size };
}

export interface Drawn<Item> {
  readonly items: readonly Item[];
  readonly tokens: ReadonlyMap<string, ImageTokens>;
  readonly features: FeaturesOf;
}

function drawn<Item>(count: number, draw: (i: number, path: string) => { item: Item; tokens: ImageTokens }): Drawn<Item> {
  const all = Array.from({ length: count }, (_, i) => ({ path: `${i}.png`, ...draw(i, `${i}.png`) }));
  const tokens = new Map(all.map(({ path, tokens }) => [path, tokens]));
  return { items: all.map(({ item }) => item), tokens, features: (path) => tokens.get(path) };
}

const oneHot = (id: number) => Array.from({ length: width }, (_, c) => (c === id ? 1 : 0));

/** Photo i is of class i mod 3. */
export const classImages = (count: number): Drawn<ClassificationItem> =>
  drawn(count, (i, path) => ({
    item: { path, size, classes: [i % 3], label: i % 3 },
    tokens: tokensOf(i + 1, () => oneHot(i % 3)),
  }));

/** The left columns of the grid are class 0, the right ones class 1; the first of them is image i's column i mod 3 + 1. Row 0 is ignored. */
export const maskImages = (count: number): Drawn<SegmentationItem> =>
  drawn(count, (i, path) => {
    const edge = (i % 3) + 1;
    const data = Uint8Array.from({ length: 32 * 32 }, (_, at) => (at < 32 ? 255 : at % 32 >= edge * 8 ? 1 : 0));
    return {
      item: { path, size, classes: [0, 1], maskPath: path, mask: async () => ({ width: 32, height: 32, data }) },
      tokens: tokensOf(i + 1, (place) => oneHot(place >= 0 && place % side >= edge ? 1 : 0)),
    };
  });

/** All of image i is 1 + i mod 5 meters away, shown by the logarithm in a channel; every second pixel of the image has a value. */
export const depthImagesOf = (count: number): Drawn<DepthItem> =>
  drawn(count, (i, path) => {
    const meters = 1 + (i % 5);
    const data = new Float32Array(16 * 16).fill(meters);
    data[0] = 0;
    const objects = { width: 16, height: 16, data: Uint8Array.from(data, (_, at) => (at < 16 ? 1 : 0)) };
    return {
      item: {
        ...{ path, size, classes: [], depthPath: path },
        depth: async () => ({ width: 16, height: 16, step: 2, data }),
        objects: async () => objects,
      },
      tokens: tokensOf(i + 1, () => [10 * Math.log(meters)]),
    };
  });

/** Photo i has i mod 3 objects of class 0 in its first places, one of 8 px in each, and at odd i one of class 1 in its last. */
export const boxImages = (count: number): Drawn<CountingItem> =>
  drawn(count, (i, path) => {
    const places = [...Array.from({ length: i % 3 }, (_, at) => ({ at, label: 0 })), ...(i % 2 ? [{ at: 15, label: 1 }] : [])];
    const boxes = places.map(({ at, label }) => ({
      ...{ left: 8 * (at % side), top: 8 * Math.floor(at / side) },
      ...{ width: 8, height: 8, label },
    }));
    return {
      item: { path, size, classes: [...new Set(places.map(({ label }) => label))], labelPath: path, boxes },
      tokens: tokensOf(i + 1, (place) => places.filter(({ at }) => at === place).flatMap(({ label }) => oneHot(label))),
    };
  });
