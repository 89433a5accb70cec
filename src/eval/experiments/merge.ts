/** How scales are joined (paper, Table 12): side by side, added, or their mean. */

import { firstScales, mergeScales } from "../../features/index.ts";
import type { Experiment } from "../experiment.ts";
import { mapAll } from "../judge.ts";
import { asked, sideBySide, threeScales } from "./side-by-side.ts";

export const merge: Experiment = {
  name: "merge",
  title: "Merging scales: concatenation against sum and mean",
  question: "Must the scales stand side by side, or do their sum or mean do as well in a third of the channels?",
  async run(lab) {
    const found = await sideBySide(
      lab,
      async (task) => {
        const three = await threeScales(task, lab);
        return [
          ["concatenated", three],
          ["sum", mapAll(three, (tokens) => mergeScales(tokens, "add"))],
          ["mean", mapAll(three, (tokens) => mergeScales(tokens, "mean"))],
          ["1x", firstScales(three, 1)],
        ];
      },
      {
        pairs: [
          [0, 1],
          [1, 3],
        ],
        plot: { name: "merge", title: "1x+2x+3x, joined in three ways", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        asked.clothing,
        asked.camvid,
        "Sum and mean are of the features of 1x, 2x and 3x as they are, without weights (paper, Table 12). The two differ by a factor, which a head that standardises its features takes out: their figures should be equal, and are given so that one sees it.",
      ],
      seeds: [],
    };
  },
};
