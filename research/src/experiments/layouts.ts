/** Layouts: where the tiles of each scale lie on an image that is not square, and how the scales are brought onto one grid. */
import type { Interval } from "s2-vision/metrics";
import type { ExtractOptions } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import { difference, type Evaluation, evaluate, type ImageFeatures, intervalOf, type TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import type { Outcome, Table } from "../result.ts";
import { type EvaluationSet, openEvaluationSet, sevenSets } from "../seven-sets.ts";

type Size = readonly [height: number, width: number];
type Image = { readonly height: number; readonly width: number };
type Options = (image: Image, scales: readonly number[], side: number, patch: number) => ExtractOptions;

/** The image's own shape in whole tokens, its short or its long side given. */
function shaped({ height, width }: Image, side: number, patch: number, given: "short" | "long"): Size {
  const wholeTokens = (length: number) => Math.max(1, Math.round(length / patch)) * patch;
  return (given === "short") === height <= width
    ? [side, wholeTokens((side * width) / height)]
    : [wholeTokens((side * height) / width), side];
}

/** Layouts: the sizes and tiles of each scale of an image. */
const LAYOUTS: Record<string, Options> = {
  squashed: (_, scales) => ({ scales, fit: "squash" }),
  padded: (_, scales) => ({ scales, fit: "keep" }),
  "covered at all scales": (image, scales, side, patch) => ({
    imgSizes: scales.map((scale) => shaped(image, scale * side, patch, "short")),
    splitMode: "cover",
    fit: "squash",
  }),
  ...Object.fromEntries(
    [0.7, 0.5, 0.35].map((tileFraction): [string, Options] => [
      `covered, ${Math.round(100 * tileFraction)} % of the tiles`,
      (...given) => ({ ...LAYOUTS["covered at all scales"](...given), tileFraction }),
    ]),
  ),
  "whole first": (_, scales) => ({ scales, fit: "whole" }),
  "whole first, long side": (_, scales) => ({ scales, fit: "within" }),
  letterboxed: (image, scales, side, patch) => ({
    imgSizes: scales.map((scale) => shaped(image, scale * side, patch, "long")),
    splitMode: "pad",
    fit: "squash",
  }),
  "Dynamic S²": (_, scales) => ({ scales, maxTiles: 12 }),
};

/** Fusions: the option `fusion` and the grid of the output. */
const FUSIONS = {
  reference: { fusion: "reference" },
  repeated: { fusion: "reference", outputScale: "finest" },
  bilinear: { fusion: "bilinear", outputScale: "finest" },
  "bilinear, overlap 2": { fusion: "bilinear", outputScale: "finest", overlap: 2 },
  coarse: { fusion: "bilinear" },
} as const satisfies Record<string, ExtractOptions>;

type Row = readonly [layout: keyof typeof LAYOUTS, scales: readonly number[], fusion: keyof typeof FUSIONS];
const [ONE, TWO, THREE] = [[1], [1, 2], [1, 2, 3]];

/** Rows that all tables begin with: one scale, and the reference. */
const REFERENCE: readonly Row[] = [
  ["squashed", ONE, "reference"],
  ["squashed", THREE, "reference"],
];

const DENSE: readonly Row[] = [
  ...REFERENCE,
  ["squashed", THREE, "repeated"],
  ...[
    "squashed",
    "padded",
    "covered at all scales",
    "covered, 70 % of the tiles",
    "covered, 50 % of the tiles",
    "covered, 35 % of the tiles",
    "whole first",
  ].map((layout): Row => [layout, THREE, "bilinear"]),
  ["whole first", THREE, "bilinear, overlap 2"],
  ["whole first", TWO, "bilinear"],
];
const MORE: readonly Row[] = [
  ...["whole first, long side", "letterboxed", "Dynamic S²"].map((layout): Row => [layout, THREE, "bilinear"]),
  ["squashed", THREE, "bilinear, overlap 2"],
  ...["squashed", "padded", "covered at all scales"].map((layout): Row => [layout, TWO, "bilinear"]),
];

/** Means and [CLS] hardly depend on the output's grid. */
const GLOBAL: readonly Row[] = [
  ...REFERENCE,
  ...[TWO, THREE].flatMap((scales) =>
    ["squashed", "padded", "covered at all scales", "whole first", "whole first, long side"].map(
      (layout): Row => [layout, scales, "coarse"],
    ),
  ),
];

/** One row of a table: figures on held-out training images, for the choice, and on the test images. */
interface Figures {
  readonly tiles: number;
  readonly heldOut: readonly Interval[];
  readonly test: readonly Interval[];
  /** The first figure on the test images minus that of one scale. */
  readonly gain: Interval | null;
}

export const layouts: Experiment = {
  name: "layouts",
  title: "Layouts: tiles on images that are not square",
  question: "Where should the tiles of each scale lie on an image that is not square, and how should the scales meet?",
  async run(context) {
    const tables: Table[] = [];
    const findings: string[] = [];
    const method: string[] = [
      "Squashed: every scale is the whole image in a square. Padded: every scale in the image's shape, tiles beyond its end filled with zeros. Covered: the same, tiles shifted inward and blended where they share tokens; with 70, 50 or 35 % of the tiles the others are filled from the scale before (tileFraction). Whole first: 1x is the whole image squashed into one tile, the scales above are covered; with the long side in place of the short side equally many pixels as the square of the scale at most. Letterboxed: the image's shape within the square of the scale. Dynamic S²: squares, and a last scale of 9 to 12 whole tiles in the shape nearest to the image's.",
      "Reference: the grid of 1x, area pooling. Repeated: the grid of the finest scale, coarser tokens repeated, as the reference. Bilinear: the same with coarser tokens enlarged bilinearly in image coordinates. Coarse: the grid of 1x, pooled in image coordinates.",
      "Held out: the head is fitted to two thirds of the training images and evaluated on the others, so that a choice need not look at the test images.",
    ];
    const variants = [
      { variant: "model" as const, named: context.model, sets: ["camvid", "coco128"] },
      // The sets with the fewest rows first.
      ...(context.other ? [{ variant: "other" as const, named: context.other, sets: [...sevenSets].reverse() }] : []),
    ];
    const outcome = (...notes: string[]): Outcome => ({ method: [...method, ...notes], tables, plots: [], findings, seeds: [] });
    for (const { variant, named, sets } of variants) {
      for (const name of sets) {
        const set = await openEvaluationSet(context, name);
        for (const [i, { title }] of set.heads.entries()) {
          const rows = await figuresOf(context, set, i, variant);
          tables.push(tableOf(`${named.name}: ${name}${title}`, set, rows));
          findings.push(bestOf(`${named.name}, ${name}${title}`, set, rows));
        }
        await context.publish(outcome(`**Not finished: ${named.name} has its tables up to ${name}; the same command resumes.**`));
      }
    }
    return outcome();
  },
};

async function figuresOf(
  context: ExperimentContext,
  { task, figures, heads }: EvaluationSet,
  head: number,
  variant: "model" | "other",
): Promise<(readonly [name: string, Figures])[]> {
  const dense = variant === "model" ? DENSE : [...DENSE, ...MORE]; // a large model takes hours for all
  const rows = task.set.task === "classification" ? GLOBAL : dense;
  const { options, title } = heads[head];
  const model = context[variant]!;
  let single: Evaluation | undefined;
  const found: (readonly [string, Figures])[] = [];
  for (const row of rows) {
    const name = nameOf(row);
    const measure = async (): Promise<Figures> => {
      const { tiles, features } = await featuresOf(task, context, row, variant);
      const test = await evaluate(task, context, name, features, options);
      const heldOut = await evaluate(onTrainingImages(task), context, name, features, options);
      single ??=
        row === rows[0]
          ? test
          : await evaluate(task, context, nameOf(rows[0]), (await featuresOf(task, context, rows[0], variant)).features, options);
      const gain = row === rows[0] ? null : difference(test, single, figures[0]);
      return { tiles, heldOut: figures.map((f) => intervalOf(heldOut, f)), test: figures.map((f) => intervalOf(test, f)), gain };
    };
    const measured = await context.kept(`${model.name} ${model.sha256.slice(0, 8)} ${task.set.name}${title} ${name}`, measure);
    context.say(
      `${model.name} ${task.set.name}${title} ${name}: ${measured.test.map(({ value }, i) => `${value.toFixed(2)} (held out ${measured.heldOut[i].value.toFixed(2)})`)}`,
    );
    found.push([name, measured]);
  }
  return found;
}

const nameOf = ([layout, scales, fusion]: Row): string => `${scales.map((scale) => `${scale}x`).join("+")}, ${layout}, ${fusion}`;

/** Names the row that is best on the held-out images, with its figures. */
function bestOf(title: string, { figures: [main] }: EvaluationSet, rows: readonly (readonly [name: string, Figures])[]): string {
  const sign = /AbsRel|MAE/.test(main) ? -1 : 1; // lower is better
  const [name, best] = rows.reduce((a, b) => (sign * b[1].heldOut[0].value > sign * a[1].heldOut[0].value ? b : a));
  return `${title}: best on held-out images is ${name} (${best.tiles.toFixed(1)} tiles), ${main} ${best.heldOut[0].value.toFixed(1)} there and ${best.test[0].value.toFixed(1)} on the test images.`;
}

function tableOf(title: string, { figures }: EvaluationSet, rows: readonly (readonly [name: string, Figures])[]): Table {
  return {
    title,
    columns: [
      "features",
      "tiles",
      ...figures.flatMap((figure) => [`${figure}, held out`, `${figure}, test`]),
      `${figures[0]} − that of 1x`,
    ],
    rows: rows.map(([name, { tiles, heldOut, test, gain }]) => [
      name,
      tiles.toFixed(1),
      ...figures.flatMap((_, i) => [heldOut[i], test[i]]),
      gain,
    ]),
  };
}

/** Every third training image is held out, so that a choice need not look at the test images. */
export function onTrainingImages<T extends TaskData>(task: T): T {
  const { train } = task.splits;
  const splits = { ...task.splits, train: train.filter((_, i) => i % 3 !== 2), test: train.filter((_, i) => i % 3 === 2) };
  return { ...task, splits };
}

async function featuresOf(
  { folder, splits }: TaskData,
  context: ExperimentContext,
  [layout, scales, fusion]: Row,
  variant: "model" | "other",
): Promise<{ tiles: number; features: ImageFeatures }> {
  const images = [...splits.train, ...splits.validation, ...splits.test].map(({ path }) => path);
  const { side, patch } = context[variant]!;
  let tiles = 0;
  const optionsOf = (image: Image): ExtractOptions => ({
    ...LAYOUTS[layout](image, scales, side, patch),
    ...FUSIONS[fusion],
    onProgress: ({ tiles: done, of }) => void (done === of && (tiles += of)),
  });
  const features = await context.planned(folder, images, optionsOf, variant);
  return { tiles: tiles / images.length, features };
}
