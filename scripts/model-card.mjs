/** models/MODEL_CARD.md from docs/results/bundled.json (`s2 experiment bundled`) and the models' logs; `--check` only tells whether it is up to date. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { figure } from "s2-vision/eval";

const root = fileURLToPath(new URL("../", import.meta.url));
const json = (path) => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const result = json("docs/results/bundled.json");
const logs = ["s2-tiny", "s2-tiny-ms"].map((name) => json(`models/${name}/log.json`));
const [{ student, parts }] = logs;
const [start, wide, own] = parts;
const oneScale = ({ tables }, at = 0) => tables[at].rows.find(([name]) => name === "s2-tiny 1x");
const [before, fiveTiles] = ["bundled-before", "bundled-five-tiles"].map((name) => oneScale(json(`models/${name}.json`)));
const ofTeacher = oneScale(result, 1);
const megabytes = (name) => (statSync(`${root}models/${name}/model.safetensors`).size / 1e6).toFixed(2);
const last = ({ history }) => history.at(-1);
const tilesOf = ({ views, schedule, recipe }) => schedule.steps * views * (recipe.view.fine === false ? 1 : 5);
const tiles = parts.reduce((sum, part) => sum + tilesOf(part), 0).toLocaleString("en");
const common = start.schedule.steps + wide.schedule.steps;
const share = ({ cells }) => `${4 * cells} of 196`;
const bars = [
  ["75 % of the teacher's linear probe on clothing", ofTeacher[3]],
  ["75 % of its mIoU on camvid", ofTeacher[4]],
].map(([bar, reached]) => `${bar}: ${reached >= 75 ? "met" : "not met"} (${figure(reached, 1)} %)`);

const table = ({ columns, rows }) =>
  [columns, columns.map((_, i) => (i === 0 ? "---" : "---:")), ...rows.map((row) => row.map((cell) => figure(cell, 1)))]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const card = `# s2-tiny and s2-tiny-ms

Two small Vision Transformers that come with the package, so that it works on a fresh machine. They are small and had few steps: they tell
textures, colours and coarse things apart, and are no match for a model of the hub. For work that matters give \`--model\` a better one.

| | s2-tiny | s2-tiny-ms |
| --- | --- | --- |
| what | ViT, ${student.depth} blocks of ${student.dim} channels, ${student.heads} heads, patch ${student.patchSize}, ${student.imageSize} px, one [CLS] | the same |
| parameters | 1.97 million, float16, ${megabytes("s2-tiny")} MB | the same, ${megabytes("s2-tiny-ms")} MB |
| learnt from | tokens and [CLS] of DeiT-Tiny (Apache-2.0), last layer and layer 6 | the same; in its own part S² features at scales 1 and 2, through a linear map, against the teacher at the finer scale (paper, Table 4) |
| steps | ${common} in common, ${own.schedule.steps} of its own | the same |
| tiles in all | ${tiles}, a quarter to a half of the patches of each | the same |
| loss at the end | patches ${last(logs[0]).patches.toFixed(3)}, [CLS] ${last(logs[0]).cls.toFixed(3)} | patches ${last(logs[1]).patches.toFixed(3)}, [CLS] ${last(logs[1]).cls.toFixed(3)} (means over four fine tiles, which are easier) |

A loss of 1 is that of the teacher's mean. s2-tiny is what \`loadModel()\` loads; s2-tiny-ms lies in the repository alone.

## Does it reach its teacher?

${result.findings.map((line) => `- ${line}`).join("\n")}

${result.tables.map((each) => `**${each.title}**\n\n${table(each)}`).join("\n\n")}

Intervals are 95 %, by bootstrap over photos. Command: \`${result.command}\`; page: [docs/results/bundled.md](../docs/results/bundled.md). No photo of a test split was
trained on.

## Recipe

\`npm run train:s2-tiny\` (scripts/train-s2-tiny.mjs), resumable; logs with the curves: models/*/log.json.

- Data: ${start.recipe.photos} photos of ../shared/data: photos/imagenet (ImageNet's terms: research), photos/clothing and clothing/train (CC0). None of them is in the repository.
- ${start.drawn} views: a random part (15 to 100 % of the area, 3:4 to 4:3), mirrored at random, at 224 px and at 448 px in four tiles, with the teacher's tokens of all five tiles;
  and ${wide.drawn} at 224 px alone. Brightness, contrast and saturation change within 20 %.
- Three parts: ${start.schedule.steps} steps of ${start.views} views of five tiles (${share(start)} patches of each are looked at, as in MAE); ${wide.schedule.steps} of ${wide.views} views of one tile
  (${share(wide)}); then each model's own, ${own.schedule.steps} of ${own.views} views of five tiles (${share(own)}).
- Loss: mean square of the student's tokens, through a linear map, less the teacher's (each channel with mean 0 and deviation 1), [CLS] half; layer 6 against block 2, half.
- Muon (momentum 0.95) for the blocks' matrices at a rate of 0.02, AdamW for the rest at 0.001; constant, then along a cosine to 0 in each model's own part; gradients no longer than 1;
  weights averaged (0.998). Positions begin as sines, attention as in trained ViTs (arXiv 2305.09828).

## What was tried

| what | outcome |
| --- | --- |
| 144 channels, 6 blocks, AdamW, the last layer alone, all patches (models/bundled-before.json) | logistic top-1 ${figure(before[4], 1)}, mIoU ${figure(before[5], 1)} |
| 192 channels, 4 blocks, Muon, sines, mimetic attention, a quarter of the patches, layer 6 too; 1,500 steps along a cosine | the recipe above, at fewer steps; loss still falling |
| the recipe above without its second part (models/bundled-five-tiles.json) | logistic top-1 ${figure(fiveTiles[4], 1)}, mIoU ${figure(fiveTiles[5], 1)} |
| patch embedding begun with whitened principal components of patches | no difference after 200 steps |
| [CLS] counting as much as all patches | both losses fell more slowly |
| each block taught alone on the teacher's states, then joined (a prototype) | blocks learn fast, but joined they give little: errors grow from block to block |
| weights begun from the teacher's | not tried: the model would be the teacher's in part |

Bars of s2-tiny at 1x: ${bars.join("; ")}. The loss was still falling when the time was over (see the logs): more steps are what is missing first.

## Limits

Trained on two thousand photos, mostly of clothes and single objects: streets, rooms and text are far from what it saw. No classes, no words, no people were labelled; biases of ImageNet and
of the teacher come along. Do not use it to decide anything about people.
`;

const path = `${root}models/MODEL_CARD.md`;
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== card) {
    console.error("models/MODEL_CARD.md does not say what its figures say; run node scripts/model-card.mjs.");
    process.exitCode = 1;
  }
} else writeFileSync(path, card);
