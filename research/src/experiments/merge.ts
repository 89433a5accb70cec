/** Merging of scales (paper, Table 12): concatenation, sum or mean. */

import { mergeScales } from "s2-vision/tasks";
import { firstScales, mapAll } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { compareFeatures, methods, threeScales } from "./compare-features.ts";

export const merge: Experiment = {
  name: "merge",
  title: "Merging scales: concatenation, sum and mean",
  question: "Must scales be concatenated, or are their sum or mean as good with a third of the channels?",
  async run(context) {
    const found = await compareFeatures(
      context,
      async (task) => {
        const three = await threeScales(task, context);
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
        plot: { name: "merge", title: "1x+2x+3x, by merging", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        methods.clothing,
        methods.camvid,
        "Sum and mean are of the features of 1x, 2x and 3x as they are, without weights (paper, Table 12). The two differ by a factor, which standardization removes: their figures should be equal, and are given as a check.",
      ],
      seeds: [],
    };
  },
};
