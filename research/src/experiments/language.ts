/** S² as visual input of a language model (paper, §4.3 and Tables 1, 8, 9, at our scale): small VQA heads on equally many visual tokens. */
import { planDynamicS2 } from "s2-vision";
import { compare, type Interval, interval } from "s2-vision/metrics";
import { type ExperimentContext, finest, native, scaleName } from "../context.ts";
import {
  accuracyOf,
  evaluateVqa,
  type QuestionFilter,
  seeds,
  shape,
  training,
  type VqaConfig,
  type VqaEvaluation,
} from "../evaluate-vqa.ts";
import { type Experiment, verdict } from "../experiment.ts";
import type { Cell, Table } from "../result.ts";
import { questionTypes } from "../vqa/questions.ts";

const sizes: readonly (readonly [name: string, filter: QuestionFilter])[] = [
  ["≤ 24 px", ({ size }) => size <= 24],
  ["32 and 48 px", ({ size }) => size > 24 && size <= 48],
  ["≥ 64 px", ({ size }) => size > 48],
  ["all", () => true],
];
const small = sizes[0][1];

const heights = [12, 16, 24, 32, 48, 64, 96];

export const language: Experiment = {
  name: "language",
  title: "Detail at equal tokens: S² as visual input of a language model",
  question:
    "Does a VQA head answer questions about small objects better from 1x+2x+3x than from 1x, with the same number of visual tokens?",
  async run(context) {
    const large = context.larger ? "larger" : "model";
    const { name: best, side } = context[large]!;
    const plans = wideSizes(side);
    const byScale = await evaluateVqa(context, "", [
      ...(context.larger ? scaleConfigs(context, "model") : []),
      ...scaleConfigs(context, large),
    ]);
    const others = await evaluateVqa(context, "", [
      configOf(`${best} 1x twice, half a token apart`, large, 2, [
        { extraction: native(1), keep: [0] },
        { extraction: native(1), keep: [0], moved: true },
      ]),
      {
        ...configOf(`${best} tokens of 1x and of all tiles of 2x (AnyRes)`, large, 5, [
          { extraction: native(1), keep: [0] },
          { extraction: finest(1, 2), keep: [1] },
        ]),
        ...({ concatenate: "tokens", seeds: [1] } as const), // one seed, since five times as many tokens take three times as long
      },
    ]);
    const wide = await evaluateVqa(context, "wide-", [
      configOf(`${best} 1x+2x+3x of the squashed scene`, large, 14, [{ extraction: native(1, 2, 3), keep: [0, 1, 2] }]),
      configOf(
        `${best} Dynamic-S²`,
        large,
        plans.reduce((sum, { tiles }) => sum + tiles.length, 0),
        [
          {
            extraction: { imgSizes: plans.map(({ size }) => size), maxSplitSize: side, fit: "squash", fusion: "reference" },
            keep: [0, 1, 2],
          },
        ],
      ),
    ]);
    const square = [...byScale, ...others];
    const [one, two, three] = byScale.slice(-3);
    const [twice, all] = others;
    const compareHeads = (a: VqaEvaluation, b: VqaEvaluation, filter: QuestionFilter, subject: string) =>
      `${subject}: ${verdict(a.name, b.name, compare(accuracyOf(a, filter), accuracyOf(b, filter)), { name: "accuracy", unit: "points", better: "higher" })}`;
    const compareSmall = (a: VqaEvaluation, b: VqaEvaluation) => compareHeads(a, b, small, "Objects of at most 24 px");
    return {
      method: [
        `Scenes of 672x672 px are drawn by research/recipes/draw-question-scenes.mjs on images (other images for the test): four objects of different shapes and colors, 12 to 96 px, up to four rings and a sign. Each scene has fourteen questions (research/src/vqa/questions.ts): the color of a shape, the shape of a color, left or right, above or below, how many rings, the word on the sign. The size of a question is that of the smallest object that it asks about. ${byScale[0].questions.length} scenes test.`,
        `A VQA head is trained for each visual input and each seed: visual tokens after half of the frozen model's blocks, standardized; a projector mlp2x_gelu; a decoder of ${shape.depth} layers of ${shape.dim} channels, ${shape.heads} heads, that reads the question word by word, with cross-attention to all visual tokens in each layer. ${training.steps} steps of ${training.scenesPerStep} scenes with all their questions, Muon and AdamW, rate ${training.rate} with cosine decay. All heads have the same scenes, order, steps and decoder; only the channels of the projector's input and the number of tokens differ; AnyRes has one seed.`,
        "Wide scenes are 1344x672 px; Dynamic-S² chooses tiles for their shape, all scales are pooled to the first's grid, so that there are as many tokens as for squashed scenes. Intervals are over test scenes and seeds, resampled together.",
        "The VQA head is no language model. Its vocabulary is a closed list, and answers are one word; V* and LLaVA's benchmarks ask more.",
      ],
      tables: [
        bySize("Accuracy, %, by the height of the object", square),
        byType("Accuracy, %, by type of question, objects of at most 24 px", square, small),
        byType("Accuracy, %, by type of question, all sizes", square, () => true),
        bySize("Wide scenes: accuracy, %", wide),
        {
          title: "Accuracy, %, objects of at most 24 px, by seed",
          columns: ["visual input", ...seeds.map((seed) => `seed ${seed}`)],
          rows: [...square, ...wide].map((each): Cell[] => [
            each.name,
            ...seeds.map((_, i) => (each.runs[i] ? accuracyOf({ ...each, runs: [each.runs[i]] }, small).measure() : null)),
          ]),
        },
      ],
      plots: [
        {
          ...{
            name: "sizes",
            title: `Accuracy by the height of the object, ${best}`,
            kind: "line",
            x: "height, px",
            y: "%",
          },
          groups: heights.map(String),
          series: Object.entries({ "1x": one, "1x+2x": two, "1x+2x+3x": three, "1x twice": twice, AnyRes: all }).map(
            ([name, each]) => ({
              name,
              values: heights.map((size) => intervalOf(each, (question) => question.size === size)),
            }),
          ),
        },
      ],
      findings: [
        compareSmall(three, one),
        compareSmall(two, one),
        ...(context.larger ? [compareSmall(byScale[2], byScale[0]), compareSmall(byScale[2], one)] : []),
        compareHeads(three, one, sizes[2][1], "Objects of at least 64 px"),
        compareSmall(twice, two),
        compareSmall(all, two),
        compareSmall(all, three),
        compareSmall(wide[1], wide[0]).replace("Objects", "Wide scenes, objects"),
      ],
      seeds,
    };
  },
};

const configOf = (name: string, model: "model" | "larger", tiles: number, selections: VqaConfig["selections"]): VqaConfig => ({
  name,
  variant: { middleOf: model },
  tiles,
  selections,
  concatenate: "channels",
});

/** 1x, 1x+2x and 1x+2x+3x of a model. */
const scaleConfigs = (context: ExperimentContext, model: "model" | "larger"): VqaConfig[] =>
  [
    [1, 1],
    [2, 5],
    [3, 14],
  ].map(([count, tiles]) =>
    configOf(`${context[model]!.name} ${scaleName(count)}`, model, tiles, [
      { extraction: native(1, 2, 3), keep: Array.from({ length: count }, (_, i) => i) },
    ]),
  );

/** Returns the scales of Dynamic-S² for a wide scene; all have the same shape. */
const wideSizes = (side: number) =>
  planDynamicS2({ height: side, width: 2 * side }, { scales: [side, 2 * side, 3 * side], maxTiles: 12 }).scales;

const intervalOf = (evaluation: VqaEvaluation, filter: QuestionFilter): Interval => interval(accuracyOf(evaluation, filter));

const bySize = (title: string, evaluations: readonly VqaEvaluation[]): Table => ({
  title,
  columns: ["visual input", "tokens", "channels", "tiles", ...sizes.map(([name]) => name)],
  rows: evaluations.map((each): Cell[] => [
    ...[each.name, String(each.tokens), String(each.channels), String(each.tiles)],
    ...sizes.map(([, filter]) => intervalOf(each, filter)),
  ]),
});

const byType = (title: string, evaluations: readonly VqaEvaluation[], filter: QuestionFilter): Table => ({
  title,
  columns: ["visual input", ...questionTypes],
  rows: evaluations.map((each): Cell[] => [
    each.name,
    ...questionTypes.map((type) => intervalOf(each, (question) => question.type === type && filter(question))),
  ]),
});
