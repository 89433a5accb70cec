/** Layouts: where the tiles of each scale lie on an image that is not square, and how the scales are brought onto one grid. */
import type { ExtractOptions } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import { comparison, type Evaluation, evaluate, type ImageFeatures, shownFigure, type TaskData } from "../evaluate.ts";
import type { Experiment, Outcome } from "../experiment.ts";
import { openSevenSets } from "../seven-sets.ts";

type Size = readonly [height: number, width: number];
type Image = { readonly height: number; readonly width: number };

/** Sizes of the scales for an image, with tiles of `side` px and tokens of `patch` px. */
type Layout = (image: Image, scales: readonly number[], side: number, patch: number) => ExtractOptions;

/** Rounds a side to whole tokens. */
const whole = (length: number, patch: number): number => Math.max(1, Math.round(length / patch)) * patch;
const shortSide = ({ height, width }: Image, side: number, patch: number): Size =>
  height <= width ? [side, whole((side * width) / height, patch)] : [whole((side * height) / width, patch), side];
const longSide = ({ height, width }: Image, side: number, patch: number): Size =>
  height <= width ? [whole((side * height) / width, patch), side] : [side, whole((side * width) / height, patch)];
const wholeTiles = (image: Image, scale: number, side: number): Size => {
  const [height, width] = shortSide(image, scale * side, 1);
  return [Math.round(height / side) * side, Math.round(width / side) * side];
};

/** The whole image squashed into one tile, and finer scales in their own shape. */
const wholeFirst =
  (sizeOf: (image: Image, scale: number, side: number, patch: number) => Size): Layout =>
  (image, scales, side, patch) => ({
    imgSizes: scales.map((scale) => (scale === 1 ? [side, side] : sizeOf(image, scale, side, patch))),
    splitMode: "cover",
    fit: "squash",
  });

const LAYOUTS: Record<string, Layout> = {
  squash: (_, scales) => ({ scales, fit: "squash" }),
  "padded tiles": (_, scales) => ({ scales, fit: "keep", splitMode: "pad" }),
  "tiles that cover": (image, scales, side, patch) => ({
    imgSizes: scales.map((scale) => shortSide(image, scale * side, patch)),
    splitMode: "cover",
    fit: "squash",
  }),
  letterbox: (image, scales, side, patch) => ({
    imgSizes: scales.map((scale) => longSide(image, scale * side, patch)),
    splitMode: "pad",
    fit: "squash",
  }),
  "whole, then short side": wholeFirst((image, scale, side, patch) => shortSide(image, scale * side, patch)),
  "whole, then long side": wholeFirst((image, scale, side, patch) => longSide(image, scale * side, patch)),
  "whole, then whole tiles": wholeFirst((image, scale, side) => wholeTiles(image, scale, side)),
  "Dynamic S²": (_, scales) => ({ scales, maxTiles: 12 }),
};

const FUSIONS = {
  reference: {},
  aligned: { fusion: "aligned" },
  bilinear: { fusion: "bilinear", outputScale: "finest" },
  "bilinear, overlap 2": { fusion: "bilinear", outputScale: "finest", overlap: 2 },
  "aligned, overlap 2": { fusion: "aligned", overlap: 2 },
} as const satisfies Record<string, ExtractOptions>;

type Row = readonly [layout: keyof typeof LAYOUTS, scales: readonly number[], fusion: keyof typeof FUSIONS];
const [TWO, THREE] = [
  [1, 2],
  [1, 2, 3],
];

const DENSE: readonly Row[] = [
  ["squash", [1], "reference"],
  ["squash", THREE, "reference"],
  ...Object.keys(LAYOUTS).flatMap((layout): Row[] => [
    [layout, THREE, "aligned"],
    [layout, THREE, "bilinear"],
  ]),
  ["squash", THREE, "bilinear, overlap 2"],
  ["whole, then whole tiles", THREE, "bilinear, overlap 2"],
  ["whole, then short side", THREE, "bilinear, overlap 2"],
  ...["squash", "tiles that cover", "whole, then short side", "whole, then long side", "whole, then whole tiles"].map(
    (layout): Row => [layout, TWO, "bilinear"],
  ),
  ["squash", TWO, "bilinear, overlap 2"],
];

/** Means and [CLS] hardly depend on the output's grid. */
const GLOBAL: readonly Row[] = [
  ["squash", [1], "reference"],
  ...[TWO, THREE].flatMap((scales) =>
    ["squash", "padded tiles", "tiles that cover", "whole, then short side", "whole, then whole tiles"].map(
      (layout): Row => [layout, scales, "aligned"],
    ),
  ),
];

export const layouts: Experiment = {
  name: "layouts",
  title: "Layouts: tiles on images that are not square",
  question: "Where should the tiles of each scale lie on an image that is not square, and how should the scales meet?",
  async run(context) {
    const tables: Outcome["tables"][number][] = [];
    const method: string[] = [];
    for (const { task, figures, heads } of await openSevenSets(context)) {
      const { splits, set } = task;
      method.push(
        `${set.name}: ${splits.train.length} training, ${splits.validation.length} validation and ${splits.test.length} test images. ${splits.notes.join(" ")}`.trim(),
      );
      const rows = set.task === "classification" ? GLOBAL : DENSE;
      for (const { title, options } of heads) {
        const systems: Evaluation[] = [];
        const chosen: Evaluation[] = [];
        for (const row of rows) {
          const { name, features } = await featuresOf(task, context, row);
          systems.push(await evaluate(task, context, name, features, options));
          chosen.push(await evaluate(onTrainingImages(task), context, name, features, options));
          context.say(
            `${set.name} ${title} ${name}: ${figures.map((f) => `${f} ${show(systems.at(-1)!, f)} (held out ${show(chosen.at(-1)!, f)})`).join(", ")}`,
          );
        }
        tables.push(comparison(`${set.name}${title}: a third of the training images held out, for the choice`, chosen, figures));
        tables.push(comparison(`${set.name}${title}: test images`, systems, figures));
      }
    }
    return { method, tables, plots: [], findings: [], seeds: [] };
  },
};

const show = (system: Evaluation, figure: string): string => shownFigure(system, figure).score.measure().toFixed(2);

/** Every third training image is held out, so that a choice need not look at the test images. */
function onTrainingImages<T extends TaskData>(task: T): T {
  const { train, validation } = task.splits;
  const splits = {
    ...task.splits,
    train: train.filter((_, i) => i % 3 !== 2),
    test: [...train.filter((_, i) => i % 3 === 2)],
    validation,
  };
  return { ...task, splits };
}

async function featuresOf(
  { folder, splits }: TaskData,
  context: ExperimentContext,
  [layout, scales, fusion]: Row,
): Promise<{ name: string; features: ImageFeatures }> {
  const images = [...splits.train, ...splits.validation, ...splits.test].map(({ path }) => path);
  const { side, patch } = context.model;
  const layOut = LAYOUTS[layout];
  let tiles = 0;
  const features = await context.planned(folder, images, (image) => ({
    ...layOut(image, scales, side, patch),
    ...FUSIONS[fusion],
    onProgress: ({ tiles: done, of }) => void (done === of && (tiles += of)),
  }));
  const each = (tiles / images.length).toFixed(1);
  return { name: `${scales.map((scale) => `${scale}x`).join("+")}, ${layout}, ${fusion} (${each} tiles)`, features };
}
