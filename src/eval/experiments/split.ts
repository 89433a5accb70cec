/** Tiles against one large image whose positions are interpolated (paper, Table 11). */
import type { Experiment } from "../experiment.ts";
import { lookAt, type Tokens } from "../judge.ts";
import { native, scaleName } from "../lab.ts";
import { firstScales, joinScales, poolTo, takeScales } from "../token-maps.ts";
import { bothTasks, sideBySide } from "./side-by-side.ts";

export const split: Experiment = {
  name: "split",
  title: "Splitting: tiles against the whole image",
  question: "Is a large image better cut into tiles of the model's size, or given whole with positions interpolated?",
  async run(lab) {
    const { side } = lab.model;
    const found = await sideBySide(
      lab,
      async (task) => {
        const all = await lookAt(task, lab, native(1, 2, 3, 4));
        const one = firstScales(all, 1);
        const double = await lookAt(task, lab, native(1), { imageSize: 2 * side });
        const triple = await lookAt(task, lab, native(1), { imageSize: 3 * side });
        return [
          ["1x", one],
          ["2x alone, tiles", only(all, 1)],
          ["2x alone, whole", joined(one, double).last],
          [`${scaleName(2)}, tiles`, firstScales(all, 2)],
          [`${scaleName(2)}, whole`, joined(one, double).all],
          [`${scaleName(3)}, tiles`, firstScales(all, 3)],
          [`${scaleName(3)}, whole`, joined(one, double, triple).all],
        ];
      },
      {
        pairs: [
          [5, 6],
          [3, 4],
          [1, 2],
          [2, 0],
        ],
        plot: { name: "split", title: "Tiles, and the image whole", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        bothTasks,
        `Tiles: S² as it is, a scale of k times ${side} px is k² runs of the model. Whole: one run on an image of ${2 * side} or ${3 * side} px by the same weights, positions interpolated as the source library does it, its tokens then pooled to the grid of 1x like those of tiles. Attention is over all tokens of the image: 4 and 9 times as many as in a tile, so that its cost grows with the fourth power of the side.`,
        "[CLS] of a whole image has seen all of it; that of tiles is the mean of tokens that have each seen one.",
      ],
      seeds: [],
    };
  },
};

const only = (features: Tokens, scale: number): Tokens =>
  new Map([...features].map(([photo, tokens]) => [photo, takeScales(tokens, [scale])]));

/** Whole images pooled to the grid of 1x: the last alone, and all beside 1x. */
function joined(one: Tokens, ...larger: readonly Tokens[]): { last: Tokens; all: Tokens } {
  const last = new Map<string, typeof one extends ReadonlyMap<string, infer T> ? T : never>();
  const all = new Map(last);
  for (const [photo, tokens] of one) {
    const pooled = larger.map((features) => features.get(photo)).map((whole) => whole && poolTo(whole, tokens.grid));
    if (pooled.some((each) => each === undefined)) continue;
    const parts = pooled.filter((each) => each !== undefined);
    last.set(photo, parts[parts.length - 1]);
    all.set(photo, joinScales([tokens, ...parts]));
  }
  return { last, all };
}
