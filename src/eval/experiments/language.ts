/** S² as the eyes of a language model (paper, §4.3 and Tables 1, 8, 9, at our scale): what a small answerer sees at as many visual tokens. */
import { planDynamicS2 } from "../../core/index.ts";
import { questionKinds } from "../../language/index.ts";
import type { Interval } from "../../metrics/index.ts";
import { compare, interval } from "../../metrics/index.ts";
import { type Experiment, verdict } from "../experiment.ts";
import { type Chosen, type Counted, type Judged, judgeAll, score, seeds, shape, training } from "../judge-answerers.ts";
import { finest, type Lab, native, scaleName } from "../lab.ts";
import type { Cell, Table } from "../result.ts";
import type { Way } from "../scene-tokens.ts";

const sizes: readonly (readonly [name: string, chosen: Chosen])[] = [
  ["≤ 24 px", ({ size }) => size <= 24],
  ["32 and 48 px", ({ size }) => size > 24 && size <= 48],
  ["≥ 64 px", ({ size }) => size > 48],
  ["all", () => true],
];
const small = sizes[0][1];

const exact = [12, 16, 24, 32, 48, 64, 96];

export const language: Experiment = {
  name: "language",
  title: "Detail at equal tokens: S² as the eyes of a language model",
  question: "Does an answerer tell more about small things from 1x+2x+3x than from 1x, at the same number of visual tokens?",
  async run(lab) {
    const large = lab.larger ? "larger" : "model";
    const { name: best, side } = lab[large]!;
    const plans = wideSizes(side);
    const own = await judgeAll(lab, "", [...(lab.larger ? scalesOf(lab, "model") : []), ...scalesOf(lab, large)]);
    const others = await judgeAll(lab, "", [
      way(`${best} 1x twice, half a token apart`, large, 2, [
        { look: native(1), keep: [0] },
        { look: native(1), keep: [0], moved: true },
      ]),
      {
        ...way(`${best} tokens of 1x and of all tiles of 2x (AnyRes)`, large, 5, [
          { look: native(1), keep: [0] },
          { look: finest(1, 2), keep: [1] },
        ]),
        ...{ as: "tokens", seeds: [1] }, // one, for five times as many tokens take three times as long
      },
    ]);
    const wide = await judgeAll(lab, "wide-", [
      way(`${best} 1x+2x+3x of the squashed scene`, large, 14, [{ look: native(1, 2, 3), keep: [0, 1, 2] }]),
      way(
        `${best} Dynamic-S²`,
        large,
        plans.reduce((sum, { tiles }) => sum + tiles.length, 0),
        [{ look: { imgSizes: plans.map(({ size }) => size), maxSplitSize: side, fit: "squash" }, keep: [0, 1, 2] }],
      ),
    ]);
    const square = [...own, ...others];
    const [one, two, three] = own.slice(-3);
    const [twice, all] = others;
    const told = (a: Judged, b: Judged, chosen: Chosen, of: string) =>
      `${of}: ${verdict(a.name, b.name, compare(score(a, chosen), score(b, chosen)), { name: "right", unit: "points", better: "higher" })}`;
    const smallOf = (a: Judged, b: Judged) => told(a, b, small, "Things of at most 24 px");
    return {
      method: [
        `Scenes of 672x672 px are drawn by scripts/draw-question-scenes.mjs on photos (other photos for the test): four things of different shapes and colours, 12 to 96 px, up to four rings and a sign. Fourteen questions each (src/language/questions.ts): the colour of a shape, the shape of a colour, left or right, above or below, how many rings, the word on the sign. A question counts as of the smallest thing that it asks about. ${own[0].questions.length} scenes test.`,
        `An answerer is trained for each way of looking and each seed: visual tokens after half of the frozen model's blocks, standardised; a projector mlp2x_gelu; a decoder of ${shape.depth} layers of ${shape.dim} channels, ${shape.heads} heads, that reads the question word by word and looks at all visual tokens in each layer. ${training.steps} steps of ${training.perStep} scenes with all their questions, Muon and AdamW, rate ${training.rate} along a cosine. Every way has the same scenes, order, steps and decoder; only the width of the projector's input and the number of tokens differ; AnyRes has one seed.`,
        "Wide scenes are 1344x672 px; Dynamic-S² chooses tiles for their shape, all scales are pooled to the first's grid, so that tokens are as many as squashed. Intervals are over test scenes and seeds, drawn together.",
        "What it is not: a language model. Words are a closed list, and answers are one word; V* and LLaVA's benchmarks ask more.",
      ],
      tables: [
        bySize("Right, %, by the height of what is asked about", square),
        byKind("Right, %, by kind, things of at most 24 px", square, small),
        byKind("Right, %, by kind, all sizes", square, () => true),
        bySize("Wide scenes: right, %", wide),
        {
          title: "Right, %, things of at most 24 px, seed by seed",
          columns: ["way", ...seeds.map((seed) => `seed ${seed}`)],
          rows: [...square, ...wide].map((each): Cell[] => [
            each.name,
            ...seeds.map((_, i) => (each.runs[i] ? score({ ...each, runs: [each.runs[i]] }, small).measure() : null)),
          ]),
        },
      ],
      plots: [
        {
          ...{
            name: "sizes",
            title: `Right answers by the height of what is asked about, ${best}`,
            kind: "line",
            x: "height, px",
            y: "%",
          },
          groups: exact.map(String),
          series: Object.entries({ "1x": one, "1x+2x": two, "1x+2x+3x": three, "1x twice": twice, AnyRes: all }).map(
            ([name, each]) => ({
              name,
              values: exact.map((size) => figureOf(each, (question) => question.size === size)),
            }),
          ),
        },
      ],
      findings: [
        smallOf(three, one),
        smallOf(two, one),
        ...(lab.larger ? [smallOf(own[2], own[0]), smallOf(own[2], one)] : []),
        told(three, one, sizes[2][1], "Things of at least 64 px"),
        smallOf(twice, two),
        smallOf(all, two),
        smallOf(all, three),
        smallOf(wide[1], wide[0]).replace("Things", "Wide scenes, things"),
      ],
      seeds,
    };
  },
};

const way = (name: string, model: "model" | "larger", tiles: number, parts: Way["parts"]): Counted => ({
  ...{ name, which: { middleOf: model }, tiles, parts, as: "channels" },
});

/** 1x, 1x+2x and 1x+2x+3x of a model; the answerer of `s2 ask` is the last's first seed. */
export const scalesOf = (lab: Lab, model: "model" | "larger"): Counted[] =>
  [
    [1, 1],
    [2, 5],
    [3, 14],
  ].map(([count, tiles]) =>
    way(`${lab[model]!.name} ${scaleName(count)}`, model, tiles, [
      { look: native(1, 2, 3), keep: Array.from({ length: count }, (_, i) => i) },
    ]),
  );

/** Dynamic-S² of a wide scene, as sizes: all scenes have one shape. */
const wideSizes = (side: number) =>
  planDynamicS2({ height: side, width: 2 * side }, { scales: [side, 2 * side, 3 * side], maxTiles: 12 }).scales;

const figureOf = (judged: Pick<Judged, "runs" | "questions">, chosen: Chosen): Interval => interval(score(judged, chosen));

const bySize = (title: string, ways: readonly Judged[]): Table => ({
  title,
  columns: ["way", "tokens", "channels", "tiles", ...sizes.map(([name]) => name)],
  rows: ways.map((each): Cell[] => [
    ...[each.name, String(each.tokens), String(each.channels), String(each.tiles)],
    ...sizes.map(([, chosen]) => figureOf(each, chosen)),
  ]),
});

const byKind = (title: string, ways: readonly Judged[], chosen: Chosen): Table => ({
  title,
  columns: ["way", ...questionKinds],
  rows: ways.map((each): Cell[] => [
    each.name,
    ...questionKinds.map((kind) => figureOf(each, (question) => question.kind === kind && chosen(question))),
  ]),
});
