/**
 * How much of the teacher's tokens a student's tell, on photos it was trained on and on others: `node scripts/explained.mjs NAME FOLDER` adds a
 * row to models/explained.json. By ridge regression, of [CLS] from [CLS] and of patches from patches: on clothing/train in five parts, each
 * told by the others, and on clothing/validation. For choosing recipes; no test split is looked at.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadImage, loadModel, resizePixels } from "s2-vision/node";

const [name, folder] = process.argv.slice(2);
const root = fileURLToPath(new URL("../", import.meta.url));
const data = join(root, "../shared/data");
const [side, width, each, parts] = [224, 192, 28, 5];
const [mean, std] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const [train, validation, others] = [photosOf("clothing/train"), photosOf("clothing/validation"), photosOf("photos", 9)];
const paths = [...train, ...others, ...validation];
const student = await tokensOf(join(root, folder));
const teacher = await tokensOf(join(root, "../shared/models/deit_tiny_patch16_224"));
const seen = Array.from({ length: train.length + others.length }, (_, i) => i);
const unseen = validation.map((_, i) => seen.length + i);
const row = {
  name,
  cls: { seen: round(inParts("cls", 1)), unseen: round(explained("cls", 1, seen, [unseen])) },
  patches: { unseen: round(explained("patches", 1e-3, seen, [unseen])) },
};
const file = join(root, "models/explained.json");
const rows = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
writeFileSync(file, `${JSON.stringify([...rows.filter((each) => each.name !== name), row], undefined, 1)}\n`);
console.log(row);

/** Each fifth of clothing/train told by all other photos. */
function inParts(kind, penalty) {
  const folds = Array.from({ length: parts }, (_, part) => seen.filter((i) => i < train.length && i % parts === part));
  const kept = folds.map((fold) => seen.filter((i) => !fold.includes(i)));
  return share(folds.flatMap((fold, i) => errors(kind, penalty, kept[i], fold)));
}

function explained(kind, penalty, from, folds) {
  return share(folds.flatMap((fold) => errors(kind, penalty, from, fold)));
}

/** One less squared errors over squared distances from the mean. */
function share(pairs) {
  const [error, all] = [0, 1].map((k) => pairs.reduce((sum, pair) => sum + pair[k], 0));
  return 1 - error / all;
}

/** Squared error and squared distance from the mean of clothing/train, of each photo, in deviations of each of the teacher's channels. */
function errors(kind, penalty, from, to) {
  const rowsOf = (tokens, photos) => photos.flatMap((photo) => tokens[photo][kind]);
  const [x, y] = [rowsOf(student, from), rowsOf(teacher, from)];
  const [center, target] = [momentsOf(x), momentsOf(y)];
  const middle =
    kind === "cls"
      ? momentsOf(
          rowsOf(
            teacher,
            from.filter((photo) => photo < train.length),
          ),
        ).mean
      : target.mean;
  const map = ridge(
    x.map((token) => token.map((value, c) => (value - center.mean[c]) / center.deviation[c])),
    y.map((token) => token.map((value, c) => (value - target.mean[c]) / target.deviation[c])),
    penalty * x.length,
  );
  return to.map((photo) => {
    let [error, all] = [0, 0];
    teacher[photo][kind].forEach((goal, i) => {
      const told = map(student[photo][kind][i].map((value, c) => (value - center.mean[c]) / center.deviation[c]));
      for (let c = 0; c < width; c++) {
        error += ((goal[c] - target.mean[c]) / target.deviation[c] - told[c]) ** 2;
        all += ((goal[c] - middle[c]) / target.deviation[c]) ** 2;
      }
    });
    return [error, all];
  });
}

function momentsOf(rows) {
  const average = (of) =>
    Float64Array.from({ length: width }, (_, c) => rows.reduce((sum, row) => sum + of(row, c), 0) / rows.length);
  const mean = average((row, c) => row[c]);
  const deviation = average((row, c) => (row[c] - mean[c]) ** 2).map((variance) => Math.sqrt(variance) + 1e-6);
  return { mean, deviation };
}

/** The map with the least Σ error² + penalty · Σ weight², by Cholesky's decomposition. */
function ridge(x, y, penalty) {
  const [square, sides] = [new Float64Array(width * width), new Float64Array(width * width)];
  for (const [i, row] of x.entries())
    for (let a = 0; a < width; a++)
      for (let b = 0; b < width; b++) {
        square[a * width + b] += row[a] * row[b];
        sides[a * width + b] += row[a] * y[i][b];
      }
  for (let a = 0; a < width; a++) square[a * width + a] += penalty;
  for (let a = 0; a < width; a++)
    for (let b = 0; b <= a; b++) {
      let sum = square[a * width + b];
      for (let k = 0; k < b; k++) sum -= square[a * width + k] * square[b * width + k];
      square[a * width + b] = a === b ? Math.sqrt(sum) : sum / square[b * width + b];
    }
  const solve = (order, at) => {
    for (const a of order)
      for (let c = 0; c < width; c++) {
        let sum = sides[a * width + c];
        for (const k of order) {
          if (k === a) break;
          sum -= square[at(a, k)] * sides[k * width + c];
        }
        sides[a * width + c] = sum / square[a * width + a];
      }
  };
  const order = Array.from({ length: width }, (_, i) => i);
  solve(order, (a, k) => a * width + k);
  solve(order.toReversed(), (a, k) => k * width + a);
  return (row) => {
    const out = new Float64Array(width);
    for (let a = 0; a < width; a++) for (let c = 0; c < width; c++) out[c] += row[a] * sides[a * width + c];
    return out;
  };
}

/** [CLS] and some patches of each photo, squashed into the model's square. */
async function tokensOf(source) {
  const model = await loadModel(source, { threads: 1 });
  const tokens = [];
  for (const path of paths) {
    const { data: bytes } = resizePixels(await loadImage(path), [side, side], "bicubic");
    const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => {
      const c = Math.floor(i / (side * side));
      return (bytes[(i % (side * side)) * 3 + c] / 255 - mean[c]) / std[c];
    });
    const { data } = await model({ dims: [1, 3, side, side], data: pixels });
    const token = (i) => Float64Array.from(data.subarray(i * width, (i + 1) * width));
    tokens.push({ cls: [token(0)], patches: Array.from({ length: each }, (_, j) => token(1 + 7 * j)) });
  }
  await model.dispose();
  return tokens;
}

function photosOf(name, step = 1) {
  return readdirSync(join(data, name), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .sort()
    .filter((_, i) => i % step === 0)
    .map((path) => join(data, name, path));
}

function round(value) {
  return Math.round(1000 * value) / 1000;
}
