/** VQA heads compared: one is trained for each visual input and each seed, and all are evaluated on the same scenes. */
import type { Score } from "s2-vision/metrics";
import { fromFloat16 } from "s2-vision/node";
import { makeRandom } from "s2-vision/train";
import { sha256 } from "./build-folder.ts";
import type { ExperimentContext, ModelVariant } from "./context.ts";
import { ResearchError } from "./error.ts";
import { percent } from "./experiment.ts";
import { extractScenes, readScenes, type SceneSet, type VisualConfig, visualInputOf } from "./scene-tokens.ts";
import { type Question, type QuestionType, questionTypes } from "./vqa/questions.ts";
import { trainVqaHead } from "./vqa/train-vqa-head.ts";
import { countTokens } from "./vqa/vqa-head.ts";
import { openVqaHead, type VqaHead, writeVqaHead } from "./vqa/vqa-head-file.ts";

/** The recipe, the same for all heads. */
export const training = { steps: 1000, rate: 1e-3, scenesPerStep: 16 };
export const shape = { dim: 128, depth: 2, heads: 4 };
export const seeds = [1, 2];

/** A visual input with the answers of its heads, one for each seed. */
export interface VqaEvaluation {
  readonly name: string;
  readonly tokens: number;
  readonly tiles: number;
  readonly channels: number;
  readonly runs: readonly Run[];
  readonly questions: readonly (readonly Question[])[];
}

/** True for each correct answer, scene by scene. */
type Run = readonly (readonly boolean[])[];

/** Selects questions to score. */
export type QuestionFilter = (question: Question) => boolean;

/** A visual input, with its number of model runs per scene, and the seeds of its heads if they are not all. */
export type VqaConfig = VisualConfig & { readonly tiles: number; readonly seeds?: readonly number[] };

/** Evaluates heads for all visual inputs on the scenes of `prefix`train and `prefix`test; earlier evaluations in the store are used again. */
export async function evaluateVqa(
  context: ExperimentContext,
  prefix: string,
  configs: readonly VqaConfig[],
): Promise<VqaEvaluation[]> {
  const [train, test] = [await readScenes(context, `${prefix}train`), await readScenes(context, `${prefix}test`)];
  const evaluations: VqaEvaluation[] = [];
  for (const config of configs) {
    const { name, sha256: weights } = context[modelOf(config.variant)]!;
    const { selections, concatenate, seeds: seedsUsed = seeds } = config;
    const scenes = sha256(JSON.stringify([train, test]));
    const recipe = JSON.stringify({ name, sha256: weights, selections, concatenate, shape, training, seeds: seedsUsed, scenes });
    const store = context.checkpoints(folderOf(config));
    const bytes = await store.read("evaluation.json");
    const stored = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as { recipe: string; evaluation: VqaEvaluation });
    if (stored?.recipe === recipe) {
      evaluations.push(stored.evaluation);
      continue;
    }
    const trainingScenes = await extractScenes(context, `${prefix}train`, train, config);
    const testScenes = await extractScenes(context, `${prefix}test`, test, config);
    const evaluation = await trainAndEvaluate(context, config, trainingScenes, testScenes);
    await store.write("evaluation.json", new TextEncoder().encode(JSON.stringify({ recipe, evaluation })));
    evaluations.push(evaluation);
  }
  return evaluations;
}

/** Folder of a visual input's checkpoints, below the store. */
const folderOf = ({ name }: VisualConfig): string => `vqa-heads/${name.replaceAll(/[^\w+.-]+/g, "-")}`;

async function trainAndEvaluate(
  context: ExperimentContext,
  config: VqaConfig,
  trainingScenes: SceneSet,
  testScenes: SceneSet,
): Promise<VqaEvaluation> {
  const { name, tiles, variant, selections } = config;
  const { openLoop, openGraph, signal } = context;
  const { name: model, sha256 } = context[modelOf(variant)]!;
  const visualInput = visualInputOf(trainingScenes);
  const questions = testScenes.scenes.map((scene) => scene.questions);
  const runs: Run[] = [];
  for (const seed of config.seeds ?? seeds) {
    const checkpoints = context.checkpoints(`${folderOf(config)}-${seed}`);
    const weights = await trainVqaHead({
      ...{ ...training, visualInput, shape, scenes: trainingScenes.scenes, seed, openLoop, signal, checkpoints },
      onStep(step, { loss }) {
        if (step % 100 === 0) context.say(`${name}, seed ${seed}, step ${step} of ${training.steps}: loss ${loss.toFixed(3)}`);
      },
    });
    if (!weights) throw new ResearchError("The training was stopped; the same command resumes it.");
    const scales = selections[0].keep.map((scale) => scale + 1);
    const head = { visualInput, shape, model, sha256, scales, weights };
    const run = await answerAll(head, testScenes, openGraph);
    const accuracy = accuracyByType({ runs: [run], questions });
    await checkpoints.write("vqa-head.safetensors", writeVqaHead({ ...head, accuracy }));
    runs.push(run);
  }
  return { name, tiles, tokens: countTokens(visualInput), channels: visualInput.channels, runs, questions };
}

const modelOf = (variant: ModelVariant) => (typeof variant === "object" && "middleOf" in variant ? variant.middleOf : "model");

async function answerAll(
  head: Omit<VqaHead, "accuracy">,
  { scenes }: SceneSet,
  openGraph: ExperimentContext["openGraph"],
): Promise<Run> {
  const opened = await openVqaHead(head, openGraph, scenes[0].questions.length);
  const run: boolean[][] = [];
  for (const { tokens, questions } of scenes) {
    const answers = await opened.predict(fromFloat16(tokens), questions);
    run.push(answers.map(({ answer }, i) => answer === questions[i].answer));
  }
  await opened.close();
  return run;
}

/** Returns the percentage of correct answers; in a resample seeds are drawn as well as scenes. */
export function accuracyOf({ runs, questions }: Pick<VqaEvaluation, "runs" | "questions">, filter: QuestionFilter): Score {
  const asked = questions.map((ofScene) => ofScene.filter(filter).length);
  const correct = runs.map((run) =>
    run.map((answers, i) => answers.filter((isCorrect, q) => isCorrect && filter(questions[i][q])).length),
  );
  const random = makeRandom(1);
  return percent({
    images: questions.map((_, i) => String(i)),
    measure(times) {
      const drawn = times ? correct.map(() => correct[Math.floor(random() * correct.length)]) : correct;
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

const accuracyByType = (evaluation: Pick<VqaEvaluation, "runs" | "questions">) =>
  Object.fromEntries(
    questionTypes.map((type) => [type, accuracyOf(evaluation, (question) => question.type === type).measure() / 100]),
  ) as Record<QuestionType, number>;
