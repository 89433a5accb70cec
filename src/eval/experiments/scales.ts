/** One scale to four (paper, Table 5 and §4): what each further one adds, and what it costs in tiles. */

import { firstScales, joinScales, poolTo } from "../../features/index.ts";
import type { Experiment } from "../experiment.ts";
import { extractFeatures, type ImageFeatures, type TaskData } from "../judge.ts";
import { type ExperimentContext, native, scaleName } from "../lab.ts";
import { asked, sideBySide, threeScales } from "./side-by-side.ts";

const COUNTS = [1, 2, 3, 4];

export const scales: Experiment = {
  name: "scales",
  title: "Scales: one to four",
  question: "What does each further scale add, and from where on does it add nothing?",
  async run(lab) {
    const tiles = COUNTS.map((count) => COUNTS.slice(0, count).reduce((sum, side) => sum + side * side, 0));
    const found = await sideBySide(
      lab,
      async (task) => {
        const all =
          task.set.task === "classification" ? await extractFeatures(task, lab, native(...COUNTS)) : await withFourth(task, lab);
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
          x: "runs of the model an image",
          groups: tiles.map(String),
        },
      },
    );
    return {
      ...found,
      method: [
        asked.clothing,
        asked.camvid,
        `Every scale is made from the image's own pixels; an image of less than four times the model's side is enlarged for the last ones. Runs of the model for an image: ${COUNTS.map((count, i) => `${scaleName(count)} ${tiles[i]}`).join(", ")}.`,
      ],
      seeds: [],
    };
  },
};

/** The fourth scale alone beside the three that are in the store. */
async function withFourth(task: TaskData, lab: ExperimentContext): Promise<ImageFeatures> {
  const three = await threeScales(task, lab);
  const fourth = await extractFeatures(task, lab, native(4));
  const both = [...three].flatMap(([image, tokens]) => {
    const last = fourth.get(image);
    return last ? [[image, joinScales([tokens, poolTo(last, tokens.grid)])] as const] : [];
  });
  return new Map(both);
}
