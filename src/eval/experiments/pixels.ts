/** Native pixels against a small photo enlarged (paper, §3 and §4: its tables enlarge, its advice is not to). */

import { firstScales } from "../../features/index.ts";
import type { Experiment } from "../experiment.ts";
import { lookAt } from "../judge.ts";
import { scaleName, upsampled } from "../lab.ts";
import { asked, sideBySide, threeScales } from "./side-by-side.ts";

export const pixels: Experiment = {
  name: "pixels",
  title: "Pixels: native against enlarged",
  question: "Does S² help by what more pixels show, or also where the large scales are only enlarged?",
  async run(lab) {
    const { side } = lab.model;
    const found = await sideBySide(
      lab,
      async (task) => {
        const own = await threeScales(task, lab);
        const large = await lookAt(task, lab, upsampled(1, 2));
        return [
          ["1x", firstScales(own, 1)],
          [`${scaleName(2)}, native`, firstScales(own, 2)],
          [`${scaleName(2)}, enlarged`, large],
        ];
      },
      {
        sets: ["camvid"],
        pairs: [
          [1, 2],
          [1, 0],
          [2, 0],
        ],
        plot: { name: "pixels", title: "Native pixels and enlarged ones", kind: "bar", x: "features" },
      },
    );
    return {
      ...found,
      method: [
        asked.camvid,
        `Native: every scale is made from the photo's own pixels. Enlarged: the photo is reduced to ${side}x${side} first and every scale is made from that, as in the paper's tables, so that no scale sees more than 1x does. Photos of camvid are 480x360: for a model of 224 px they have about the pixels of 2x, and no more.`,
      ],
      seeds: [],
    };
  },
};
