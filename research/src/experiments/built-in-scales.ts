/** Architectures with scales built in beside S² on plain ViTs (paper, section 2): multiply-adds and tokens by construction, without weights. */
import { planS2 } from "s2-vision";
import {
  type Architecture,
  builtIn,
  type Counts,
  countsOf,
  plain,
  type Tokens,
  without,
} from "../built-in-scales/architectures.ts";
import { scaleName } from "../context.ts";
import type { Experiment } from "../experiment.ts";
import type { Cell, Table } from "../result.ts";

const giga = (multiplyAdds: number): number => multiplyAdds / 1e9;
const million = (count: number): number => count / 1e6;
const side = ({ side: tokens, channels }: Tokens): string => `${tokens}x${tokens}, ${channels} ch.`;
const pixelsOf = (image: number, { side: tokens }: Tokens): string => (image / tokens).toFixed(1);

/** The runs of a model for S² at the scales 1 to `scales`. */
function tilesOf(image: number, scales: number): number {
  const all = Array.from({ length: scales }, (_, i) => i + 1);
  return planS2({ height: image, width: image }, { scales: all }, { imageSize: [image, image] }).tiles;
}

interface Counted extends Architecture {
  readonly counts: Counts;
}

const counted = (architectures: readonly Architecture[]): Counted[] =>
  architectures.map((each) => ({ ...each, counts: countsOf(each) }));

/** The scales of S² whose multiply-adds are nearest to a budget, by their ratio. */
function nearestScales(budget: number, { counts: { multiplyAdds, image } }: Counted): number {
  const distance = (scales: number) => Math.abs(Math.log((multiplyAdds * tilesOf(image, scales)) / budget));
  return [1, 2, 3].reduce((best, scales) => (distance(scales) < distance(best) ? scales : best));
}

function oneImage(models: readonly Counted[], bases: readonly Counted[]): Table {
  const built = models.map(({ label, scales, counts }): readonly Cell[] => [
    ...[label, scales, giga(counts.multiplyAdds), million(counts.parameters)],
    ...[String(counts.image), side(counts.finest), pixelsOf(counts.image, counts.finest), side(counts.main)],
  ]);
  const s2 = bases.flatMap(({ label, counts }) =>
    [1, 2, 3].map((scales): readonly Cell[] => {
      const finest = { side: scales * counts.main.side, channels: counts.main.channels };
      const merged = { side: counts.main.side, channels: scales * counts.main.channels };
      return [
        ...[label, scales === 1 ? "none" : `S², ${scaleName(scales)}`, giga(counts.multiplyAdds * tilesOf(counts.image, scales))],
        ...[
          million(counts.parameters),
          String(scales * counts.image),
          side(finest),
          pixelsOf(counts.image, finest),
          side(merged),
        ],
      ];
    }),
  );
  return {
    title: "One image: cost, and the tokens that the scales give",
    columns: [
      ...["model", "scales", "G multiply-adds", "M parameters", "pixels seen, a side"],
      ...["finest tokens", "pixels of the image a token", "output"],
    ],
    rows: [...built, ...s2],
  };
}

function equalCost(models: readonly Counted[], bases: readonly Counted[]): Table {
  return {
    title: "The S² of a plain ViT whose multiply-adds are nearest to those of each model",
    columns: ["model", "G multiply-adds", ...bases.flatMap(({ label }) => [`S² of ${label}`, "its cost, %", "finest tokens"])],
    rows: models.map(({ label, counts }) => [
      ...[label, giga(counts.multiplyAdds)],
      ...bases.flatMap((base): Cell[] => {
        const scales = nearestScales(counts.multiplyAdds, base);
        const cost = base.counts.multiplyAdds * tilesOf(base.counts.image, scales);
        const grid = scales * base.counts.main.side;
        return [scaleName(scales), (100 * cost) / counts.multiplyAdds, `${grid}x${grid}`];
      }),
    ]),
  };
}

function onTop(models: readonly Counted[]): Table {
  return {
    title: "S² around models that have scales: G multiply-adds",
    columns: ["model", scaleName(1), scaleName(2), scaleName(3), "finest tokens of their output at 1x+2x+3x"],
    rows: models.map(({ label, counts: { multiplyAdds, image, main } }) => [
      ...[label, ...[1, 2, 3].map((scales) => giga(multiplyAdds * tilesOf(image, scales)))],
      `${3 * main.side}x${3 * main.side}`,
    ]),
  };
}

function costOfScales(models: readonly Counted[]): Table {
  return {
    title: "What the built-in scales add to the same model without them",
    columns: ["model", "without", "G without", "G with", "more, %"],
    rows: models.flatMap(({ label, counts }) => {
      const alone = without[label];
      if (!alone) return [];
      const { multiplyAdds } = countsOf(alone);
      const more = 100 * (counts.multiplyAdds / multiplyAdds - 1);
      return [[label, alone.what, giga(multiplyAdds), giga(counts.multiplyAdds), more]];
    }),
    digits: 2,
  };
}

export const builtInScales: Experiment = {
  name: "built-in-scales",
  title: "Scales built into an architecture, and S² at equal multiply-adds",
  question: "What do architectures with several scales built in cost, and what does S² of a plain ViT give for as much?",
  withoutModel: true,
  async run() {
    const [models, bases] = [counted(builtIn), counted(plain)];
    const tables = [oneImage(models, bases), equalCost(models, bases), onTop(models), costOfScales(models)];
    const costs = models.map(({ counts }) => giga(counts.multiplyAdds));
    const tiny = bases[0];
    const twice = giga(tiny.counts.multiplyAdds * tilesOf(tiny.counts.image, 2));
    const coarse = models.filter(({ counts }) => counts.main.side < tiny.counts.main.side);
    const added = tables[3].rows.map(([label, , , , more]) => `${label} ${(more as number).toFixed(1)} %`);
    return {
      method: [
        "Nothing is trained or measured here, and no weights of these models are used: each graph is built at its real size with weights of zeros, without a classifier, and its multiply-adds (products and convolutions) are counted. The page says what scales cost and how many tokens they give, not how good features are.",
        "The finest tokens of models with stages are those of their first stage, which have passed few blocks; those of S² have passed all. S² pools its finest tokens to the output's grid and puts the scales beside each other in channels (paper, section 3.1); its models have no more parameters. Pixels of the image a token: the side of the model's images at 1x, divided by the tokens along it.",
        "CrossViT resizes images to 240 and 224 px for its two branches. Its cross-attention has one query, so keys and values of single tokens are not computed, which the authors' code does: their graph takes somewhat more.",
      ],
      tables,
      plots: [],
      findings: [
        `The models with built-in scales take ${Math.min(...costs).toFixed(1)} to ${Math.max(...costs).toFixed(1)} G multiply-adds an image; S² of ${tiny.label} at 1x+2x takes ${twice.toFixed(1)} G, and its finest tokens have passed all blocks.`,
        `Built-in scales are a small part of a model's cost where they can be left out: ${added.join(", ")} more than without them. S² multiplies the cost by its tiles: 5 at 1x+2x, 14 at 1x+2x+3x.`,
        `The fine grids of models with stages belong to early blocks; their last ones have few tokens (${coarse.map(({ label, counts }) => `${label} ${counts.main.side}x${counts.main.side}`).join(", ")}). S² keeps the plain model's ${tiny.counts.main.side}x${tiny.counts.main.side}.`,
      ],
      seeds: [],
    };
  },
};
