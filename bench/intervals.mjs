/** Coverage of the 95 % interval of a difference between two heads, by the number of test images, on simulated heads. */
import { addImage, compare, mean, mIoU, newSums, pooled } from "s2-vision/metrics";
import { finish } from "./result.mjs";
import { round } from "./timing.mjs";

const IMAGES = [10, 20, 30, 40, 50, 60, 80];
const ENOUGH = 0.93;

/** Pairs of heads by the fractions of images that only the second one predicts correctly, and only the first. */
const ACCURACY = [
  [0.1, 0.05],
  [0.1, 0.1],
  [0.15, 0.1],
  [0.2, 0.05],
  [0.2, 0.15],
];

/** Pairs of heads by how many logits the second one's recall is higher; one pair is equally good, the other differs by 5 points. */
const MIOU = [0, 0.3];
const DATA_SETS = 800;
/** Fractions of images that have a class, and the class's mean fraction of pixels there. Later classes are rarer, smaller and harder. */
const CLASSES = [
  { present: 1, area: 0.5 },
  { present: 0.9, area: 0.3 },
  { present: 0.6, area: 0.15 },
  { present: 0.4, area: 0.05 },
];
const PIXELS = 1000;
const POPULATION = 50_000;

/** Intervals of accuracy by the number of images and the outcome, which all pairs of heads share. */
const known = new Map();

let state = 1;
/** Returns a number from 0 to 1 (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const accuracy = IMAGES.map((images) => ACCURACY.map((rates) => accuracyCoverage(images, rates)));
const truths = MIOU.map((gain) => differenceOf(drawScores(POPULATION, gain)));
const masks = IMAGES.map((images) => MIOU.map((gain, i) => mIoUCoverage(images, gain, truths[i])));

finish(
  "intervals",
  [
    { name: "fewest test images for differences of accuracy", value: fewest(accuracy), unit: "images" },
    { name: "fewest test images for differences of mIoU", value: fewest(masks), unit: "images" },
  ],
  {
    rule: "the number from which on the interval contains the true difference in 93 % of data sets or more, as a mean over the pairs of heads",
    accuracy: { onlySecondAndOnlyFirst: ACCURACY, percent: table(accuracy) },
    mIoU: { logits: MIOU, trueDifference: truths.map((truth) => round(truth)), dataSets: DATA_SETS, percent: table(masks) },
  },
);

/** Returns the number of images from which on the mean coverage is enough; undefined if it is not at the largest. */
function fewest(coverages) {
  const last = coverages.findLastIndex((each) => average(each) < ENOUGH);
  return IMAGES[last + 1];
}

function table(coverages) {
  const percent = (fraction) => Number((100 * fraction).toFixed(1));
  return Object.fromEntries(IMAGES.map((images, i) => [images, [average(coverages[i]), ...coverages[i]].map(percent)]));
}

function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sums over the outcomes, which are few: how many images only the second head predicts correctly, and how many only the first. */
function accuracyCoverage(images, [second, first]) {
  let held = 0;
  for (let a = 0; a <= images; a++) {
    for (let b = 0; a + b <= images; b++) {
      const probability = multinomial([a, b, images - a - b], [second, first, 1 - second - first]);
      if (probability > 1e-5 && contains(accuracyInterval(images, a, b), second - first)) held += probability;
    }
  }
  return held;
}

/** Returns the interval for `a` images that only the second head predicts correctly and `b` that only the first does. */
function accuracyInterval(images, a, b) {
  const key = `${images} ${a} ${b}`;
  if (known.has(key)) return known.get(key);
  const sums = [newSums(2), newSums(2)];
  for (let i = 0; i < images; i++) {
    addImage(sums[0], `${i}`, [i >= a && i < a + b ? 1 : 0, 1]);
    addImage(sums[1], `${i}`, [i < a ? 1 : 0, 1]);
  }
  const scores = sums.map((each) => pooled(each, mean));
  known.set(key, intervalOf(scores, 1000 * a + b));
  return known.get(key);
}

function multinomial(counts, probabilities) {
  let log = 0;
  let n = 0;
  for (const [i, count] of counts.entries()) for (let k = 1; k <= count; k++) log += Math.log((++n / k) * probabilities[i]);
  return Math.exp(log);
}

/** Draws data sets; there are too many outcomes to sum over. */
function mIoUCoverage(images, gain, truth) {
  let held = 0;
  for (let seed = 0; seed < DATA_SETS; seed++) if (contains(intervalOf(drawScores(images, gain), seed), truth)) held++;
  return held / DATA_SETS;
}

function drawScores(images, gain) {
  const sums = [newSums(CLASSES.length ** 2), newSums(CLASSES.length ** 2)];
  for (let i = 0; i < images; i++) for (const [head, row] of drawImage(gain).entries()) addImage(sums[head], `${i}`, row);
  return sums.map((each) => pooled(each, mIoU));
}

/** Draws an image's pixels as confusion matrices of both heads. What is hard about an image, and about a class in it, is hard for both. */
function drawImage(gain) {
  const count = CLASSES.length;
  const rows = [new Float64Array(count ** 2), new Float64Array(count ** 2)];
  const image = 0.7 * normal();
  for (const [id, { present, area }] of CLASSES.entries()) {
    if (random() >= present) continue;
    const pixels = -Math.log(1 - random()) * area * PIXELS;
    const logit = 1.2 - 0.4 * id + image + 0.7 * normal();
    const wrong = (id + 1 + Math.floor(random() * (count - 1))) % count;
    for (const [head, row] of rows.entries()) {
      const recall = 1 / (1 + Math.exp(-(logit + head * gain + 0.4 * normal())));
      row[id * count + id] += Math.round(pixels * recall);
      row[id * count + wrong] += Math.round(pixels * (1 - recall));
    }
  }
  return rows;
}

function differenceOf([first, second]) {
  return second.measure() - first.measure();
}

function intervalOf([first, second], seed) {
  return compare(second, first, { seed });
}

/** A difference of fractions such as 0.1 - 0.05 is rounded, and intervals of few images often end exactly at it. */
function contains({ low, high }, truth) {
  return low <= truth + 1e-9 && truth - 1e-9 <= high;
}
