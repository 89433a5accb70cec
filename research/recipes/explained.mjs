/**
 * Fraction of the variance of the teacher's tokens that is predicted from a student's, on images it was trained on and on others: `node research/recipes/explained.mjs NAME FOLDER` adds a
 * row to models/explained.json. By ridge regression, of [CLS] from [CLS] and of patches from patches: on clothing/train in five parts, each
 * predicted from the others, and on clothing/validation; "main" is of [CLS]'s first 20 principal components. For choosing recipes; no test split is looked at.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fitRidge, openProbe } from "s2-vision/heads";
import { loadModel, openGraph } from "s2-vision/node";
import { mainComponents } from "./main-components.mjs";
import { wholeImage } from "./whole-image.mjs";

const [name, folder] = process.argv.slice(2);
const root = fileURLToPath(new URL("../../", import.meta.url));
const data = join(root, "../shared/data");
const [width, patches, parts] = [192, 28, 5];
/** Ridge penalties to try, per row of the regression. */
const penalty = { cls: 1, patches: 1e-3 };
const [train, validation, others] = [imagesOf("clothing/train"), imagesOf("clothing/validation"), imagesOf("images", 9)];
const paths = [...train, ...others, ...validation];
const student = await tokensOf(join(root, folder));
const teacher = await tokensOf(join(root, "../shared/models/deit_tiny_patch16_224"));
const clothes = [...train.keys()];
const seen = [...train, ...others].map((_, i) => i);
const unseen = validation.map((_, i) => seen.length + i);
const folds = Array.from({ length: parts }, (_, fold) => clothes.filter((i) => i % parts === fold));
const inParts = folds.map((fold) => [seen.filter((i) => !fold.includes(i)), fold]);
const row = {
  name,
  cls: {
    seen: await explained("cls", inParts),
    unseen: await explained("cls", [[seen, unseen]]),
    main: await explained(
      "cls",
      [[seen, unseen]],
      mainComponents(
        seen.map((image) => teacher[image].cls),
        20,
      ),
    ),
  },
  patches: { unseen: await explained("patches", [[seen, unseen]]) },
};
const file = join(root, "research/models/explained.json");
const rows = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
writeFileSync(file, `${JSON.stringify([...rows.filter((each) => each.name !== name), row], undefined, 1)}\n`);
console.log(row);

/**
 * One less squared errors over squared distances from the mean of the images of clothes that were fitted to, in deviations of each of the
 * teacher's channels; of what `make` makes of tokens.
 */
async function explained(kind, splits, make = (token) => token) {
  let [errors, all] = [0, 0];
  for (const [from, to] of splits) {
    const goal = eachToken(rowsOf(teacher, kind, to), make);
    const { deviation } = momentsOf(rowsOf(teacher, kind, from));
    const middle = make(momentsOf(rowsOf(teacher, kind, kind === "cls" ? from.filter((i) => i < train.length) : from)).mean);
    const predicted = eachToken(await predictFrom(kind, from, rowsOf(student, kind, to)), make);
    for (const [i, value] of goal.entries()) {
      errors += ((value - predicted[i]) / deviation[i % width]) ** 2;
      all += ((value - middle[i % width]) / deviation[i % width]) ** 2;
    }
  }
  return Math.round(1000 * (1 - errors / all)) / 1000;
}

/** Predicts the teacher's tokens from the student's by a map that is fitted to some images. */
async function predictFrom(kind, from, rows) {
  const given = { rows: rowsOf(student, kind, from), targets: rowsOf(teacher, kind, from) };
  const names = Array.from({ length: width }, (_, c) => `channel ${c}`);
  const { head } = await fitRidge(() => [given], {
    ...{ channelsPerScale: [width], names, openGraph },
    alpha: (penalty[kind] * given.rows.length) / width,
  });
  const probe = await openProbe(head, openGraph);
  const predicted = await probe.predict(rows);
  await probe.close();
  return predicted;
}

function rowsOf(tokens, kind, images) {
  return Float32Array.from(images.flatMap((image) => tokens[image][kind]));
}

function eachToken(rows, make) {
  return Array.from({ length: rows.length / width }, (_, i) => [...make(rows.subarray(i * width, (i + 1) * width))]).flat();
}

function momentsOf(rows) {
  const count = rows.length / width;
  const average = (of) => {
    const sums = new Float64Array(width);
    rows.forEach((value, i) => {
      sums[i % width] += of(value, i % width);
    });
    return sums.map((sum) => sum / count);
  };
  const mean = average((value) => value);
  return { mean, deviation: average((value, c) => (value - mean[c]) ** 2).map(Math.sqrt) };
}

/** [CLS] and some patches of each image, squashed into the model's square. */
async function tokensOf(source) {
  const model = await loadModel(source, { threads: 1 });
  const tokens = [];
  for (const path of paths) {
    const { data } = await model(await wholeImage(path));
    const token = (i) => [...data.subarray(i * width, (i + 1) * width)];
    tokens.push({ cls: token(0), patches: Array.from({ length: patches }, (_, j) => token(1 + 7 * j)).flat() });
  }
  await model.dispose();
  return tokens;
}

function imagesOf(name, step = 1) {
  return readdirSync(join(data, name), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .sort()
    .filter((_, i) => i % step === 0)
    .map((path) => join(data, name, path));
}
