/** Tiles against one large image whose positions are interpolated (paper, Table 11). */

import { firstScales, joinScales, poolTo, takeScales } from "../../features/index.ts";
import type { Experiment } from "../experiment.ts";
import { lookAt, type Tokens } from "../judge.ts";
import { native, scaleName } from "../lab.ts";
import { asked, sideBySide, threeScales } from "./side-by-side.ts";

export const split: Experiment = {
  name: "split",
  title: "Splitting: tiles against the whole image",
  question: "Is a large image better cut into tiles of the model's size, or given whole with positions interpolated?",
  async run(lab) {
    const { side } = lab.model;
    const found = await sideBySide(
      lab,
      async (task) => {
        const all = await threeScales(task, lab);
        const one = firstScales(all, 1);
        const double = await lookAt(task, lab, native(1), { imageSize: 2 * side });
        const whole = joined(one, double);
        return [
          ["1x", one],
          ["2x alone, tiles", only(all, 1)],
          ["2x alone, whole", whole.alone],
          [`${scaleName(2)}, tiles`, firstScales(all, 2)],
          [`${scaleName(2)}, whole`, whole.beside],
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
        plot: { name: "split", title: "Tiles, and the image whole", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        asked.camvid,
        `Tiles: S² as it is, 2x is four runs on tiles of ${side} px. Whole: one run on an image of ${2 * side} px by the same weights, positions interpolated as the source library does it, its tokens then pooled to the grid of 1x like those of tiles. Attention is over four times as many tokens as in a tile: its cost and its memory grow with the fourth power of the side, those of tiles with the second.`,
      ],
      seeds: [],
    };
  },
};

const only = (features: Tokens, scale: number): Tokens =>
  new Map([...features].map(([photo, tokens]) => [photo, takeScales(tokens, [scale])]));

/** Whole images pooled to the grid of 1x: alone, and beside 1x. */
function joined(one: Tokens, large: Tokens): { alone: Tokens; beside: Tokens } {
  const both = [...one].flatMap(([photo, tokens]) => {
    const whole = large.get(photo);
    return whole ? [{ photo, tokens, whole: poolTo(whole, tokens.grid) }] : [];
  });
  return {
    alone: new Map(both.map(({ photo, whole }) => [photo, whole])),
    beside: new Map(both.map(({ photo, tokens, whole }) => [photo, joinScales([tokens, whole])])),
  };
}
