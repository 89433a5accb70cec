/** Training an answerer: its step, and batches of scenes with all their questions. */
import { LogSoftmax, Mul, ReduceMean, ReduceSum, Reshape } from "../onnx/index.ts";
import { fromFloat16, makeRandom, shuffled } from "../tensors/index.ts";
import { adamW, type Batch, cosine, fit, initialValue, makeStep, muon, type Step, type TrainOptions } from "../train/index.ts";
import { answers, tokensOf, type VisualInput, type VqaHeadShape } from "./answerer.ts";
import type { VqaHead } from "./answerer-file.ts";
import { type Question, questionLength, vocabulary, wordIds } from "./questions.ts";

/** A scene to learn from: its visual tokens [n, c] as halves, and what is asked of it. */
export interface SeenScene {
  readonly tokens: Uint16Array;
  readonly questions: readonly Question[];
}

export interface AnswererTraining extends Pick<TrainOptions, "openLoop" | "checkpoints" | "signal" | "onStep"> {
  readonly sight: VisualInput;
  readonly shape: VqaHeadShape;
  readonly scenes: readonly SeenScene[];
  readonly steps: number;
  readonly rate: number;
  /** Scenes in a step, each with all its questions. */
  readonly perStep: number;
  readonly seed: number;
}

/** The weights of a trained answerer, or nothing when it was stopped before the last step: what is done is in the checkpoint. */
export async function trainVqaHead(training: AnswererTraining): Promise<VqaHead["weights"] | undefined> {
  const { sight, shape, scenes, steps, rate, perStep, seed, ...rest } = training;
  const step = answererStep(sight, shape, perStep, scenes[0].questions.length);
  const { done, state } = await fit(step, {
    ...rest,
    steps,
    rate: cosine({ rate, steps, warmUp: Math.min(50, Math.ceil(steps / 10)), last: rate / 100 }),
    recipe: JSON.stringify({ sight, shape, scenes: scenes.length, steps, rate, perStep, seed }),
    initial: (name, dims) => firstValue(name, dims, seed, sight),
    batches: sceneBatches(scenes, sight, perStep, seed),
  });
  if (done < steps) return undefined;
  const weights = step.state.filter(({ name, parameter }) => name === parameter);
  return Object.fromEntries(weights.map(({ name, dims }) => [name, { dims, data: state[name].data as Float32Array }]));
}

/** Cross-entropy of the answers; `scenes` in a batch, each with as many questions as `asked`. */
function answererStep(sight: VisualInput, shape: VqaHeadShape, scenes: number, asked: number): Step {
  const words = vocabulary.length;
  return makeStep({
    inputs: {
      visual: { type: "float32", dims: [scenes, tokensOf(sight), sight.channels] },
      questions: { type: "int64", dims: [scenes, asked, questionLength] },
      answers: { type: "float32", dims: [scenes, asked, words] },
    },
    loss(inputs, parameter) {
      const told = LogSoftmax(answers(inputs.visual, inputs.questions, sight, shape, parameter));
      const right = ReduceSum(Mul(told, Reshape(inputs.answers, [scenes * asked, words])), [1], { keepdims: 0 });
      return { loss: Mul(ReduceMean(right, [0], { keepdims: 0 }), -1) };
    },
    clip: 1,
    // In about half of AdamW's steps (docs/decisions/0012).
    optimizer: muon({ rate: 20, weightDecay: 0.01, moves: isMatrix, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
}

const isMatrix = (name: string): boolean => /^(layers|projector)\..*\.weight$/.test(name) && !name.includes("norm");

/** timm's first values, but for places of visual tokens: sines of row and column, so that where a token lies is known from the first step. */
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
      const places = [(Math.floor(cell / cols) + 0.5) / rows, ((cell % cols) + 0.5) / cols];
      for (const place of places) {
        for (let i = 0; i < quarter; i++) {
          const angle = place * Math.PI * 2 ** ((4 * i) / quarter);
          table.push(0.5 * Math.sin(angle), 0.5 * Math.cos(angle));
        }
      }
    }
  }
  return Float32Array.from(table);
}

/** Batches of scenes in an order that the seed gives, each epoch another; the same from the same step on. */
function sceneBatches(scenes: readonly SeenScene[], sight: VisualInput, perBatch: number, seed: number) {
  const inEpoch = Math.floor(scenes.length / perBatch);
  return async function* (done: number): AsyncGenerator<Batch> {
    for (let step = done; ; step++) {
      const epoch = Math.floor(step / inEpoch);
      const order = shuffled(scenes.length, makeRandom(seed * 7919 + epoch));
      const at = (step % inEpoch) * perBatch;
      yield batchOf(
        order.slice(at, at + perBatch).map((i) => scenes[i]),
        sight,
      );
    }
  };
}

/** Visual tokens, questions and one-hot answers as the step reads them. */
function batchOf(scenes: readonly SeenScene[], sight: VisualInput): Batch {
  const asked = scenes[0].questions.length;
  const size = scenes[0].tokens.length;
  const visual = new Float32Array(scenes.length * size);
  const right = new Float32Array(scenes.length * asked * vocabulary.length);
  const ids: number[] = [];
  scenes.forEach(({ tokens, questions }, i) => {
    visual.set(fromFloat16(tokens), i * size);
    questions.forEach(({ words, answer }, q) => {
      ids.push(...wordIds(words));
      right[(i * asked + q) * vocabulary.length + vocabulary.indexOf(answer)] = 1;
    });
  });
  return {
    visual: { dims: [scenes.length, tokensOf(sight), sight.channels], data: visual },
    questions: { dims: [scenes.length, asked, questionLength], data: BigInt64Array.from(ids, BigInt) },
    answers: { dims: [scenes.length, asked, vocabulary.length], data: right },
  };
}
