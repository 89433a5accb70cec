/** Writes models/MODEL_CARD.md from the weights, the log of their training and research/results/bundled.json; `--check` fails if it is not up to date. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildModel } from "s2-vision/models";
import { readSafetensors } from "s2-vision/node";
import { inspectModel } from "s2-vision/onnx";
import { figure } from "../src/result.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const json = (path) => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const result = json("research/results/bundled.json");
const log = json("research/recipes/s2-tiny/log.json");
const history = json("research/models/s2-tiny-history.json");
const config = json("models/s2-tiny/config.json");
const weights = readFileSync(`${root}models/s2-tiny/model.safetensors`);
const { args, photos } = log;
const { depth, embed_dim: channels, num_heads: heads, mlp_ratio: ratio, patch_size: patch, img_size: side } = config.model_args;

const sha256 = createHash("sha256").update(weights).digest("hex");
const measured = result.models[0].sha256;
const parameters = Object.values(readSafetensors(weights).tensors).reduce((sum, { data }) => sum + data.length, 0);
const multiplyAdds = inspectModel(buildModel(config, weights)).multiplyAdds.value;
const count = (value) => value.toLocaleString("en");
const millions = (value, digits = 0) => (value / 1e6).toFixed(digits);
const percent = (fraction) => `${Math.round(100 * fraction)} %`;
const allPhotos = Object.values(photos).reduce((sum, each) => sum + each, 0);
const explained = log["student: last"];

/** One scale beside the teacher's on all tasks, and what S² adds where it adds something. */
const findings = result.findings.filter((line, i) => i < 4 || line.startsWith("camvid"));

const isNumber = (cell) => typeof cell !== "string" || /^[\d.,]+$/.test(cell);
const markdown = ({ columns, rows }) =>
  [
    columns,
    columns.map((_, i) => (rows.every((row) => isNumber(row[i])) ? "---:" : "---")),
    ...rows.map((row) => row.map((cell) => figure(cell, 1))),
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const sources = markdown({
  columns: ["photos", "number", "license"],
  rows: [
    ["ImageNet, a sample (photos/imagenet)", "imagenet", "ImageNet's terms: non-commercial research"],
    ["clothing-dataset by Alexey Grigorev, all that is not below", "cloth", "CC0"],
    ["clothing-dataset, a sample (photos/clothing)", "clothsmall", "CC0"],
    ["clothing-dataset-small, training split (clothing/train)", "clothtrain", "CC0"],
    ["GroceryStoreDataset, training and validation splits", "grocery", "MIT"],
    ["coco128, training split", "coco", "a Creative Commons license for each photo"],
    ["OSD, training split (depth/osd)", "osd", "research use; its authors name no license"],
  ].map(([name, key, license]) => [name, count(photos[key]), license]),
});

const columns = Object.keys(history[0].figures);
const earlier = markdown({
  columns: ["date", "training", ...columns],
  rows: history.map(({ date, what, figures }) => [date, what, ...columns.map((column) => figures[column])]),
});

const card = `# s2-tiny

A small Vision Transformer that comes with the package, so that everything works on a fresh machine. It gives features of images, for heads, search and
similarity; it names no classes. It was trained for this package by distilling DeiT-Tiny (Apache-2.0). For demanding work give \`--model\` a larger model of the hub.

| | |
| --- | --- |
| architecture | ViT: ${depth} blocks of ${channels} channels, ${heads} heads, MLP ratio ${ratio}, patch ${patch}, one [CLS] |
| input | ${side}x${side} RGB, ImageNet's mean and deviation, bicubic |
| output | [CLS] and ${side / patch}x${side / patch} tokens of ${channels} channels |
| parameters | ${millions(parameters, 2)} million, float16, ${millions(weights.length, 2)} MB, timm's names |
| multiply-adds | ${millions(multiplyAdds)} million a tile |
| teacher | deit_tiny_patch16_224, 5.7 million parameters |
| weights | models/s2-tiny/model.safetensors, sha256 ${sha256.slice(0, 12)} |

\`loadModel()\` without an argument loads it, in Node and in a page.

## Figures

${measured === sha256 ? "" : `**These figures are of earlier weights (sha256 ${measured.slice(0, 12)}).** The command below measures again.\n\n`}${findings.map((line) => `- ${line}`).join("\n")}

${result.tables.map((each) => `**${each.title}**\n\n${markdown(each)}`).join("\n\n")}

Intervals are 95 %, by bootstrap over images of the test splits, which were not trained on. Command: \`${result.command}\`; page:
[research/results/bundled.md](../research/results/bundled.md), which has all comparisons.

## Data and licenses

${count(allPhotos)} photos, used without labels:

${sources}

- None of the photos is in the repository or the package. The weights have the package's license, MIT. Some of the photos may be used for research only, as the
  table says; if that matters for your product, train a model on your own photos (\`s2 train\`) or take one of the hub.
- Photos of clothing within 6 bits of a difference hash of any image of clothing's validation and test splits, mirrored or not, were left out
  (research/recipes/s2-tiny/pack.py). Not trained on: clothing's validation and test splits, grocery's test split, camvid, pcb, bccd, rooms, coco128's validation split.

## Recipe

One run of ${Math.round(log.rows.at(-1).seconds / 60)} minutes on one ${log.device}: ${count(log["student: steps"])} steps of ${args.batch} views, ${millions(log["student: images"], 1)} million views, seed ${args.seed}. [research/recipes/s2-tiny](../research/recipes/s2-tiny/README.md)
has the program, the packing of the photos and the log with the curves.

- Views: a random part of a photo (8 % to 100 % of the area, 3:4 to 4:3) or, for a quarter, the whole photo; mirrored, sometimes turned and sheared, recolored or blurred; half of them are two photos mixed. The
  teacher sees the same pixels (Beyer et al., arXiv 2106.05237).
- Loss: mean squared error between the teacher's standardized tokens and the student's, each through a linear map. [CLS] of the last layer has ${args.cls === 0.5 ? "half" : args.cls} of the weight of all patches
  together; the teacher's blocks 4 and 8 are predicted from blocks 2 and 4, with a weight that falls from 0.5 to 0.1.
- Muon at ${args.muon} for the blocks' matrices, AdamW at ${args.rate} for the rest; warm-up, then cosine decay to zero by the clock. The last weights were kept: they predict the teacher as well as averaged ones.

Variance of the teacher's tokens that the student explains on photos that it was not trained on, at the end of training (a ridge regression from one to the other; 60 photos of each):

| photos | [CLS] | patches |
| --- | ---: | ---: |
| clothing, validation split | ${percent(explained["clothing cls"])} | ${percent(explained["clothing patches"])} |
| camvid, training split | none | ${percent(explained["camvid patches"])} |

## What it is bad at

- **Anything far from its photos.** It has seen clothes, groceries and single objects. On streets the patches follow the teacher, but [CLS] does not: it predicts the teacher's worse than a
  constant does. Documents, medical and aerial images are farther still.
- **The figures on clothing are kind to it**: ${percent((photos.cloth + photos.clothsmall + photos.clothtrain) / allPhotos)} of its photos are of the data set that clothing is a part of. camvid is the fairer test.
- **Classes of whole images gain nothing from S²** with this model, as the table shows; masks do.
- **Outlier tokens.** Like its teacher it has a few tokens of high norm in plain areas of an image. They are seen as speckles in pictures of features, most at scales 2 and 3.
- It inherits the biases of ImageNet and of the teacher. Do not use it to decide anything about people.

## History

Six earlier models were trained by this package's own trainer on two processor cores, on some 2,000 photos. The last of them (4 blocks, 1.97 million parameters, 437 million
multiply-adds a tile) reached about three quarters of the teacher's figures at one scale. A second model, s2-tiny-ms, was trained with S² in the loop (paper, Table 4); it was better than its
twin on camvid alone, by 0.3 points, and is no longer kept. The present weights have seen 5.5 million views instead of 0.7 million, all patches of each, of more photos; which of these made the difference was not measured. The figures of each at one scale, by the same command:

${earlier}
`;

const target = `${root}models/MODEL_CARD.md`;
if (!process.argv.includes("--check")) writeFileSync(target, card);
else if (readFileSync(target, "utf8") !== card) {
  console.error(
    "models/MODEL_CARD.md is not up to date: run `node research/run.mjs research/recipes/model-card.mjs` and commit what it writes.",
  );
  process.exit(1);
}
