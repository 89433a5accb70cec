/** S² as the eyes of a language model (paper, §4.3 and Tables 1, 8, 9, at our scale): what a small answerer sees at as many visual tokens. */
import { planDynamicS2, S2Error } from "../../core/index.ts";
import {
  type Answerer,
  openAnswerer,
  type Question,
  type QuestionKind,
  questionKinds,
  tokensOf,
  trainAnswerer,
  writeAnswerer,
} from "../../language/index.ts";
import { fromFloat16, makeRandom } from "../../tensors/index.ts";
import { compare, interval } from "../bootstrap.ts";
import { type Experiment, percent, verdict } from "../experiment.ts";
import { finest, type Lab, native, scaleName, type Which } from "../lab.ts";
import type { Cell, Interval, Table } from "../result.ts";
import { readScenes, type SeenPart, seeScenes, sightOf, type Way } from "../scene-tokens.ts";
import { hash } from "../store.ts";
import type { Score } from "../tally.ts";

/** The same for all. */
const training = { steps: 1000, rate: 1e-3, perStep: 16 };
const shape = { dim: 128, depth: 2, heads: 4 };
const seeds = [1, 2];

/** A way of looking with what its answerers, one a seed, told. */
interface Judged {
  readonly name: string;
  readonly tokens: number;
  readonly tiles: number;
  readonly channels: number;
  readonly runs: readonly Run[];
  readonly questions: readonly (readonly Question[])[];
}

/** Whether each scene's questions were answered right. */
type Run = readonly (readonly boolean[])[];

type Chosen = (question: Question) => boolean;

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

/** A way of looking, with the runs of the model that it takes a scene, and the seeds of its answerers where they are not all. */
type Counted = Way & { readonly tiles: number; readonly seeds?: readonly number[] };

const way = (name: string, model: "model" | "larger", tiles: number, parts: Way["parts"]): Counted => ({
  ...{ name, which: { middleOf: model }, tiles, parts, as: "channels" },
});

/** 1x, 1x+2x and 1x+2x+3x of a model. */
const scalesOf = (lab: Lab, model: "model" | "larger"): Counted[] =>
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

async function judgeAll(lab: Lab, prefix: string, ways: readonly Counted[]): Promise<Judged[]> {
  const [train, test] = [await readScenes(lab, `${prefix}train`), await readScenes(lab, `${prefix}test`)];
  const judged: Judged[] = [];
  for (const each of ways) {
    const { name, sha256 } = lab[modelOf(each.which)]!;
    const { parts, as, seeds: own = seeds } = each;
    const recipe = JSON.stringify({ name, sha256, parts, as, shape, training, seeds: own, scenes: await digest([train, test]) });
    const store = lab.checkpoints(folderOf(each));
    const before = await store.read("judged.json");
    const known = before && (JSON.parse(new TextDecoder().decode(before)) as { recipe: string; judged: Judged });
    if (known?.recipe === recipe) {
      judged.push(known.judged);
      continue;
    }
    const learnt = await seeScenes(lab, `${prefix}train`, train, each);
    const found = await judgeWay(lab, each, learnt, await seeScenes(lab, `${prefix}test`, test, each));
    await store.write("judged.json", new TextEncoder().encode(JSON.stringify({ recipe, judged: found })));
    judged.push(found);
  }
  return judged;
}

const folderOf = ({ name }: Way): string => `answerers/${name.replaceAll(/[^\w+.-]+/g, "-")}`;

const digest = (scenes: unknown): Promise<string> => hash(new TextEncoder().encode(JSON.stringify(scenes)));

async function judgeWay(lab: Lab, each: Counted, learnt: SeenPart, asked: SeenPart): Promise<Judged> {
  const { name, tiles, which, parts, seeds: own = seeds } = each;
  const sight = sightOf(learnt);
  const questions = asked.scenes.map((scene) => scene.questions);
  const runs: Run[] = [];
  for (const seed of own) {
    const checkpoints = lab.checkpoints(`${folderOf(each)}-${seed}`);
    const weights = await trainAnswerer({
      ...{ ...training, sight, shape, scenes: learnt.scenes, seed, openLoop: lab.openLoop, signal: lab.signal, checkpoints },
      onStep: (step, { loss }) =>
        void (step % 100 === 0 && lab.say(`${name}, seed ${seed}, step ${step} of ${training.steps}: loss ${loss.toFixed(3)}`)),
    });
    if (!weights) throw new S2Error("training", "The training was stopped; the same command goes on from there.");
    const { name: model, sha256 } = lab[modelOf(which)]!;
    const about = { sight, shape, model, sha256, scales: parts[0].keep.map((scale) => scale + 1), weights };
    const run = await answerAll(lab, about, asked);
    await checkpoints.write("answerer.safetensors", writeAnswerer({ ...about, accuracy: byKindOf({ runs: [run], questions }) }));
    runs.push(run);
  }
  return { name, tiles, tokens: tokensOf(sight), channels: sight.channels, runs, questions };
}

const modelOf = (which: Which) => (typeof which === "object" && "middleOf" in which ? which.middleOf : "model");

async function answerAll(lab: Lab, answerer: Omit<Answerer, "accuracy">, { scenes }: SeenPart): Promise<Run> {
  const opened = await openAnswerer(answerer, lab.openGraph, scenes[0].questions.length);
  const run: boolean[][] = [];
  for (const { tokens, questions } of scenes) {
    const told = await opened.tell(fromFloat16(tokens), questions);
    run.push(told.map(({ answer }, i) => answer === questions[i].answer));
  }
  await opened.close();
  return run;
}

/** Percent answered right; in a resample seeds are drawn too, as the scenes are. */
function score({ runs, questions }: Pick<Judged, "runs" | "questions">, chosen: Chosen): Score {
  const asked = questions.map((ofScene) => ofScene.filter(chosen).length);
  const right = runs.map((run) => run.map((answers, i) => answers.filter((is, q) => is && chosen(questions[i][q])).length));
  const random = makeRandom(1);
  return percent({
    photos: questions.map((_, i) => String(i)),
    measure(times) {
      const drawn = times ? right.map(() => right[Math.floor(random() * right.length)]) : right;
      let [hits, all] = [0, 0];
      for (const run of drawn) {
        for (let i = 0; i < run.length; i++) {
          const count = times ? times[i] : 1;
          hits += count * run[i];
          all += count * asked[i];
        }
      }
      return hits / all;
    },
  });
}

const figureOf = (judged: Pick<Judged, "runs" | "questions">, chosen: Chosen): Interval => interval(score(judged, chosen));

const byKindOf = (judged: Pick<Judged, "runs" | "questions">) =>
  Object.fromEntries(
    questionKinds.map((kind) => [kind, score(judged, (question) => question.kind === kind).measure() / 100]),
  ) as Record<QuestionKind, number>;

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
