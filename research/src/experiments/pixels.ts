/** Native pixels compared with an enlarged small image (paper, §3 and §4: its tables enlarge, its advice is not to). */
import { scaleName, upsampled } from "../context.ts";
import { extractFeatures, firstScales } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { compareFeatures, methods, threeScales } from "./compare-features.ts";

export const pixels: Experiment = {
  name: "pixels",
  title: "Pixels: native and enlarged",
  question: "Does S² help through more pixels, or also when the large scales are only enlarged?",
  async run(context) {
    const { side } = context.model;
    const found = await compareFeatures(
      context,
      async (task) => {
        const three = await threeScales(task, context);
        const large = await extractFeatures(task, context, upsampled(1, 2));
        return [
          ["1x", firstScales(three, 1)],
          [`${scaleName(2)}, native`, firstScales(three, 2)],
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
        methods.camvid,
        `Native: every scale is made from the image's own pixels. Enlarged: the image is reduced to ${side}x${side} first and every scale is made from that, as in the paper's tables, so that no scale has more detail than 1x. Images of camvid are 480x360: for a model of 224 px they have about the pixels of 2x, and no more.`,
      ],
      seeds: [],
    };
  },
};
