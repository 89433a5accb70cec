/** Training of a VQA head: its step, and batches of scenes with all their questions. */
import { fromFloat16 } from "s2-vision/node";
import { LogSoftmax, Mul, ReduceMean, ReduceSum, Reshape } from "s2-vision/onnx";
import {
  adamW,
  type Batch,
  cosine,
  fit,
  initialValue,
  makeRandom,
  makeStep,
  muon,
  type Step,
  shuffled,
  type TrainOptions,
} from "s2-vision/train";
import { type Question, questionLength, vocabulary, wordIds } from "./questions.ts";
import { countTokens, type VisualInput, type VqaHeadShape, wordScores } from "./vqa-head.ts";
import type { VqaHead } from "./vqa-head-file.ts";

/** A training scene: its visual tokens [n, c] as float16, and questions about it. */
export interface SceneExample {
  readonly tokens: Uint16Array;
  readonly questions: readonly Question[];
}

export interface VqaTraining extends Pick<TrainOptions, "openLoop" | "checkpoints" | "signal" | "onStep"> {
  readonly visualInput: VisualInput;
  readonly shape: VqaHeadShape;
  readonly scenes: readonly SceneExample[];
  readonly steps: number;
  readonly rate: number;
  /** Scenes per step, each with all its questions. */
  readonly scenesPerStep: number;
  readonly seed: number;
}

/** Trains a VQA head; returns undefined when it was stopped before the last step, and the checkpoint resumes. */
export async function trainVqaHead(training: VqaTraining): Promise<VqaHead["weights"] | undefined> {
  const { visualInput, shape, scenes, steps, rate, scenesPerStep, seed, ...rest } = training;
  const step = vqaStep(visualInput, shape, scenesPerStep, scenes[0].questions.length);
  const { done, state } = await fit(step, {
    ...rest,
    steps,
    rate: cosine({ rate, steps, warmUp: Math.min(50, Math.ceil(steps / 10)), last: rate / 100 }),
    recipe: JSON.stringify({ visualInput, shape, scenes: scenes.length, steps, rate, scenesPerStep, seed }),
    initial: (name, dims) => firstValue(name, dims, seed, visualInput),
    batches: sceneBatches(scenes, visualInput, scenesPerStep, seed),
  });
  if (done < steps) return undefined;
  const weights = step.state.filter(({ name, parameter }) => name === parameter);
  return Object.fromEntries(weights.map(({ name, dims }) => [name, { dims, data: state[name].data as Float32Array }]));
}

/** Makes the step: cross-entropy of the answers to `perScene` questions about each of `scenes` scenes. */
function vqaStep(visualInput: VisualInput, shape: VqaHeadShape, scenes: number, perScene: number): Step {
  const words = vocabulary.length;
  return makeStep({
    inputs: {
      visual: { type: "float32", dims: [scenes, countTokens(visualInput), visualInput.channels] },
      questions: { type: "int64", dims: [scenes, perScene, questionLength] },
      answers: { type: "float32", dims: [scenes, perScene, words] },
    },
    loss(inputs, parameter) {
      const logProbabilities = LogSoftmax(wordScores(inputs.visual, inputs.questions, visualInput, shape, parameter));
      const correct = ReduceSum(Mul(logProbabilities, Reshape(inputs.answers, [scenes * perScene, words])), [1], { keepdims: 0 });
      return { loss: Mul(ReduceMean(correct, [0], { keepdims: 0 }), -1) };
    },
    clip: 1,
    // Takes about half as many steps as AdamW (docs/decisions/0012).
    optimizer: muon({ rate: 20, weightDecay: 0.01, moves: isMatrix, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
}

const isMatrix = (name: string): boolean => /^(layers|projector)\..*\.weight$/.test(name) && !name.includes("norm");

/** Initial values: timm's, and sines of row and column as the position embedding of visual tokens, so that positions are known from the first step. */
function firstValue(name: string, dims: readonly number[], seed: number, { grids }: Pick<VisualInput, "grids">): Float32Array {
  if (name !== "visual_places") {
    const data = initialValue(name.replace("visual_norm", "norm"), dims, seed);
    if (!name.endsWith(".weight") || name.includes("norm")) return data;
    const gain = 1 / Math.sqrt(dims[1]) / 0.02; // deviation 1/√inputs instead of 0.02
    return data.map((value) => value * gain);
  }
  const dim = dims[2];
  const quarter = dim / 4;
  const table: number[] = [];
  for (const { rows, cols } of grids) {
    for (let cell = 0; cell < rows * cols; cell++) {
      const positions = [(Math.floor(cell / cols) + 0.5) / rows, ((cell % cols) + 0.5) / cols];
      for (const position of positions) {
        for (let i = 0; i < quarter; i++) {
          const angle = position * Math.PI * 2 ** ((4 * i) / quarter);
          table.push(0.5 * Math.sin(angle), 0.5 * Math.cos(angle));
        }
      }
    }
  }
  return Float32Array.from(table);
}

/** Batches of scenes, shuffled anew in each epoch by the seed; a resumed training gets the same ones. */
function sceneBatches(scenes: readonly SceneExample[], visualInput: VisualInput, perBatch: number, seed: number) {
  const inEpoch = Math.floor(scenes.length / perBatch);
  return async function* (done: number): AsyncGenerator<Batch> {
    for (let step = done; ; step++) {
      const epoch = Math.floor(step / inEpoch);
      const order = shuffled(scenes.length, makeRandom(seed * 7919 + epoch));
      const at = (step % inEpoch) * perBatch;
      yield batchOf(
        order.slice(at, at + perBatch).map((i) => scenes[i]),
        visualInput,
      );
    }
  };
}

/** Makes the inputs of a step: visual tokens, questions and one-hot answers. */
function batchOf(scenes: readonly SceneExample[], visualInput: VisualInput): Batch {
  const perScene = scenes[0].questions.length;
  const size = scenes[0].tokens.length;
  const visual = new Float32Array(scenes.length * size);
  const oneHot = new Float32Array(scenes.length * perScene * vocabulary.length);
  const ids: number[] = [];
  scenes.forEach(({ tokens, questions }, i) => {
    visual.set(fromFloat16(tokens), i * size);
    questions.forEach(({ words, answer }, q) => {
      ids.push(...wordIds(words));
      oneHot[(i * perScene + q) * vocabulary.length + vocabulary.indexOf(answer)] = 1;
    });
  });
  return {
    visual: { dims: [scenes.length, countTokens(visualInput), visualInput.channels], data: visual },
    questions: { dims: [scenes.length, perScene, questionLength], data: BigInt64Array.from(ids, BigInt) },
    answers: { dims: [scenes.length, perScene, vocabulary.length], data: oneHot },
  };
}
