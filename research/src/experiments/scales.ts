/** One to four scales (paper, Table 5 and §4): the gain of each scale and its cost in tiles. */

import { joinScales, poolTo } from "s2-vision/tasks";
import { type ExperimentContext, native, scaleName } from "../context.ts";
import { extractFeatures, firstScales, type ImageFeatures, type TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { compareFeatures, methods, threeScales } from "./compare-features.ts";

const COUNTS = [1, 2, 3, 4];

export const scales: Experiment = {
  name: "scales",
  title: "Scales: one to four",
  question: "How much does each scale add, and when does it add nothing?",
  async run(context) {
    const tiles = COUNTS.map((count) => COUNTS.slice(0, count).reduce((sum, side) => sum + side * side, 0));
    const found = await compareFeatures(
      context,
      async (task) => {
        const all =
          task.set.task === "classification"
            ? await extractFeatures(task, context, native(...COUNTS))
            : await withFourth(task, context);
        return COUNTS.map((count) => [scaleName(count), firstScales(all, count)]);
      },
      {
        pairs: [
          [2, 0],
          [1, 0],
          [2, 1],
          [3, 2],
        ],
        plot: {
          name: "scales",
          title: "One to four scales",
          kind: "line",
          x: "model runs per image",
          groups: tiles.map(String),
        },
      },
    );
    return {
      ...found,
      method: [
        methods.clothing,
        methods.camvid,
        `Every scale is made from the original pixels; an image of less than four times the model's side is enlarged for the last ones. Model runs per image: ${COUNTS.map((count, i) => `${scaleName(count)} ${tiles[i]}`).join(", ")}.`,
      ],
      seeds: [],
    };
  },
};

/** Extracts the fourth scale and joins it to the three that are in the store. */
async function withFourth(task: TaskData, context: ExperimentContext): Promise<ImageFeatures> {
  const three = await threeScales(task, context);
  const fourth = await extractFeatures(task, context, native(4));
  const both = [...three].flatMap(([image, tokens]) => {
    const last = fourth.get(image);
    return last ? [[image, joinScales([tokens, poolTo(last, tokens.grid)])] as const] : [];
  });
  return new Map(both);
}
