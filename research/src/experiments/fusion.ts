/** Fusion of tiles and scales with overlap or alignment, compared with the reference's, which has seams between tiles. */

import { type ExtractionConfig, takeScales } from "s2-vision/tasks";
import { extractFeatures, mapAll } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { compareFeatures, methods } from "./compare-features.ts";

const EXTRACTIONS: readonly (readonly [name: string, extraction: ExtractionConfig])[] = [
  ["reference", {}],
  ["aligned", { fusion: "aligned" }],
  ["overlap of 2", { overlap: 2 }],
];

export const fusion: Experiment = {
  name: "fusion",
  title: "Fusion: overlap and alignment compared with the reference",
  question: "Are masks better when tiles overlap, or when scales of different extent are aligned in image coordinates?",
  async run(context) {
    const found = await compareFeatures(
      context,
      async (task) => {
        const featureSets = [];
        for (const [name, extraction] of EXTRACTIONS)
          featureSets.push([name, await extractFeatures(task, context, { scales: [1, 2], fit: "keep", ...extraction })] as const);
        const [[, reference]] = featureSets;
        return [...featureSets, ["reference, 1x", mapAll(reference, (tokens) => takeScales(tokens, [0]))]];
      },
      {
        sets: ["camvid"],
        pairs: [
          [1, 0],
          [2, 0],
          [0, 3],
        ],
        plot: { name: "fusion", title: "1x+2x, by fusion", kind: "bar", x: "fusion" },
      },
    );
    return {
      ...found,
      method: [
        methods.camvid.replace(
          "Images are squashed into the model's square.",
          "Images keep their aspect ratio: their short side is the model's (fit keep, split mode pad), so that tiles at the far edge are padded.",
        ),
        "1x+2x. Reference: the authors' code on its any-shape branch. Aligned: scales are pooled onto each other in image coordinates, not as if all had the same extent. Images of 480x360 are an edge case: the maps of both scales cover the same extent (304 px of 299 at 1x), so that both give the same features. Overlap: neighboring tiles share two tokens and are blended there.",
      ],
      seeds: [],
    };
  },
};
