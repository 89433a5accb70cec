/** The ways of ours to fuse tiles and scales, overlap and alignment, against the reference's (its issues, paper digest §2: seams and trap 22). */

import { takeScales } from "../../features/index.ts";
import type { Look } from "../../store/index.ts";
import type { Experiment } from "../experiment.ts";
import { lookAt, mapAll } from "../judge.ts";
import { asked, sideBySide } from "./side-by-side.ts";

const LOOKS: readonly (readonly [name: string, look: Look])[] = [
  ["reference", {}],
  ["aligned", { fusion: "aligned" }],
  ["overlap of 2", { overlap: 2 }],
];

export const fusion: Experiment = {
  name: "fusion",
  title: "Fusion: overlap and alignment against the reference",
  question: "Are masks better where tiles overlap, or where scales of different extent are pooled where they lie?",
  async run(lab) {
    const found = await sideBySide(
      lab,
      async (task) => {
        const ways = [];
        for (const [name, look] of LOOKS)
          ways.push([name, await lookAt(task, lab, { scales: [1, 2], fit: "keep", ...look })] as const);
        const [[, reference]] = ways;
        return [...ways, ["reference, 1x", mapAll(reference, (tokens) => takeScales(tokens, [0]))]];
      },
      {
        sets: ["camvid"],
        pairs: [
          [1, 0],
          [2, 0],
          [0, 3],
        ],
        plot: { name: "fusion", title: "1x+2x, fused in three ways", kind: "bar", x: "fusion" },
      },
    );
    return {
      ...found,
      method: [
        asked.camvid.replace(
          "Photos are squashed into the model's square.",
          "Photos keep their shape: their short side is the model's (fit keep, split mode pad), so that tiles at the far edge are padded.",
        ),
        "1x+2x. Reference: the authors' code on its any-shape branch. Aligned: scales are pooled onto each other where they lie in the photo, not as if all had the same extent. Photos of 480x360 are an edge case of it: the maps of both scales cover the same extent (304 px of 299 at 1x), so that both ways do the same. Overlap: neighbouring tiles share two tokens and are blended there.",
      ],
      seeds: [],
    };
  },
};
