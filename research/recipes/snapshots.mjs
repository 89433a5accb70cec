import { readFileSync } from "node:fs";
import { readSafetensors } from "s2-vision/node";

/**
 * The mean of the averaged weights in copies of checkpoints, which tells unseen images better than any of them (Wortsman et al., "Model soups",
 * arXiv 2203.05482), and how they came about: for each recipe the steps of the longest, their metrics, and after which steps copies were taken.
 */
export function meanOfSnapshots(paths) {
  const read = paths.map((path) => {
    const { tensors, metadata } = readSafetensors(readFileSync(path));
    return { tensors, recipe: metadata.recipe, history: JSON.parse(metadata.history) };
  });
  const prefix = "average/";
  const names = Object.keys(read[0].tensors).filter((name) => name.startsWith(prefix));
  const weights = Object.fromEntries(
    names.map((name) => {
      const { dims, data } = read[0].tensors[name];
      const mean = data.map((_, i) => read.reduce((sum, { tensors }) => sum + tensors[name].data[i], 0) / read.length);
      return [name.slice(prefix.length), { dims, data: mean }];
    }),
  );
  const parts = [...new Set(read.map(({ recipe }) => recipe))].map((recipe) => {
    const histories = read.filter((each) => each.recipe === recipe).map(({ history }) => history);
    const snapshots = histories.map(({ length }) => length).sort((a, b) => a - b);
    const { schedule, ...part } = JSON.parse(recipe);
    const history = histories.find(({ length }) => length === snapshots.at(-1));
    return { part: { ...part, schedule: { ...schedule, steps: history.length }, snapshots }, history };
  });
  return { weights, parts };
}
