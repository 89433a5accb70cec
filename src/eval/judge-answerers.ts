/** Answerers judged side by side: one trained for each way of looking and each seed, all asked about the same scenes. */
import { S2Error } from "../core/index.ts";
import {
  type Answerer,
  openAnswerer,
  type Question,
  type QuestionKind,
  questionKinds,
  tokensOf,
  trainAnswerer,
  writeAnswerer,
} from "../language/index.ts";
import type { Score } from "../metrics/index.ts";
import { fromFloat16, makeRandom, sha256 } from "../tensors/index.ts";
import { percent } from "./experiment.ts";
import type { Lab, Which } from "./lab.ts";
import { readScenes, type SeenPart, seeScenes, sightOf, type Way } from "./scene-tokens.ts";

/** The same for all. */
export const training = { steps: 1000, rate: 1e-3, perStep: 16 };
export const shape = { dim: 128, depth: 2, heads: 4 };
export const seeds = [1, 2];

/** A way of looking with what its answerers, one a seed, told. */
export interface Judged {
  readonly name: string;
  readonly tokens: number;
  readonly tiles: number;
  readonly channels: number;
  readonly runs: readonly Run[];
  readonly questions: readonly (readonly Question[])[];
}

/** Whether each scene's questions were answered right. */
type Run = readonly (readonly boolean[])[];

export type Chosen = (question: Question) => boolean;

/** A way of looking, with the runs of the model that it takes a scene, and the seeds of its answerers where they are not all. */
export type Counted = Way & { readonly tiles: number; readonly seeds?: readonly number[] };

/** All ways on the scenes of `prefix`train and `prefix`test; what was judged before is taken as it was. */
export async function judgeAll(lab: Lab, prefix: string, ways: readonly Counted[]): Promise<Judged[]> {
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

const digest = (scenes: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(scenes)));

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
export function score({ runs, questions }: Pick<Judged, "runs" | "questions">, chosen: Chosen): Score {
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

const byKindOf = (judged: Pick<Judged, "runs" | "questions">) =>
  Object.fromEntries(
    questionKinds.map((kind) => [kind, score(judged, (question) => question.kind === kind).measure() / 100]),
  ) as Record<QuestionKind, number>;
