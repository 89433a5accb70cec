/** Tiles compared with one large image whose positions are interpolated (paper, Table 11). */

import { joinScales, poolTo, takeScales } from "s2-vision/tasks";
import { native, scaleName } from "../context.ts";
import { extractFeatures, firstScales, type ImageFeatures } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { compareFeatures, methods, threeScales } from "./compare-features.ts";

export const split: Experiment = {
  name: "split",
  title: "Splitting: tiles and the whole image",
  question: "Is a large image better split into tiles of the model's size, or run whole with interpolated positions?",
  async run(context) {
    const { side } = context.model;
    const found = await compareFeatures(
      context,
      async (task) => {
        const all = await threeScales(task, context);
        const one = firstScales(all, 1);
        const double = await extractFeatures(task, context, native(1), { imageSize: 2 * side });
        const large = pooled(one, double);
        return [
          ["1x", one],
          ["2x alone, tiles", singleScale(all, 1)],
          ["2x alone, whole", large.alone],
          [`${scaleName(2)}, tiles`, firstScales(all, 2)],
          [`${scaleName(2)}, whole`, large.joined],
        ];
      },
      {
        sets: ["camvid"],
        pairs: [
          [3, 4],
          [1, 2],
          [2, 0],
          [4, 0],
        ],
        plot: { name: "split", title: "Tiles and the whole image", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        methods.camvid,
        `Tiles: S², 2x is four runs on tiles of ${side} px. Whole: one run on an image of ${2 * side} px by the same weights, with positions interpolated as in the source library; its tokens are pooled to the grid of 1x like those of tiles. Attention is over four times as many tokens as in a tile: its cost and its memory grow with the fourth power of the side, those of tiles with the second.`,
      ],
      seeds: [],
    };
  },
};

const singleScale = (features: ImageFeatures, scale: number): ImageFeatures =>
  new Map([...features].map(([image, tokens]) => [image, takeScales(tokens, [scale])]));

/** Pools features of large images to the grid of 1x; returns them alone, and joined to 1x. */
function pooled(one: ImageFeatures, double: ImageFeatures): { alone: ImageFeatures; joined: ImageFeatures } {
  const both = [...one].flatMap(([image, tokens]) => {
    const large = double.get(image);
    return large ? [{ image, tokens, large: poolTo(large, tokens.grid) }] : [];
  });
  return {
    alone: new Map(both.map(({ image, large }) => [image, large])),
    joined: new Map(both.map(({ image, tokens, large }) => [image, joinScales([tokens, large])])),
  };
}
