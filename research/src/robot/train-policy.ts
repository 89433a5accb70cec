/** Training of a policy on demonstrations: behavior cloning by the mean square of the actions' errors. */
import { constant, Mul, ReduceMean, Reshape, Sub } from "s2-vision/onnx";
import { adamW, type Batch, cosine, fit, initialValue, makeRandom, makeStep, muon, type TrainOptions } from "s2-vision/train";
import { history, horizon, nextActions, pastStates, relativeTo, type Steps, width } from "./arm.ts";
import { type Condition, standardGoal, type VisualInput } from "./conditions.ts";
import { type Policy, type PolicyShape, predictActions, type Statistics } from "./policy.ts";

/** A demonstration, and what the policy is given of its picture. */
export interface Lesson extends Steps {
  readonly visual: VisualInput;
}

export interface Recipe {
  readonly shape: PolicyShape;
  readonly steps: number;
  readonly rate: number;
  /** Episodes of a step, and windows drawn from each. */
  readonly episodes: number;
  readonly windows: number;
  /** Deviation of the noise that is added to all states of a window, in deviations of a state's numbers. */
  readonly noise: number;
}

export interface PolicyTraining extends Pick<TrainOptions, "openLoop" | "checkpoints" | "signal" | "onStep"> {
  readonly condition: Condition;
  readonly lessons: readonly Lesson[];
  readonly recipe: Recipe;
  readonly seed: number;
}

/** A policy and the loss of every step. */
export interface TrainedPolicy extends Policy {
  readonly losses: readonly number[];
}

/** Trains a policy; returns undefined when it was stopped before the last step, and the checkpoint resumes. */
export async function trainPolicy(training: PolicyTraining): Promise<TrainedPolicy | undefined> {
  const { condition, lessons, recipe, seed, ...rest } = training;
  const { shape, steps, rate, episodes, windows } = recipe;
  const policy = { shape, condition, statistics: statisticsOf(lessons) };
  const count = episodes * windows;
  const step = makeStep({
    inputs: {
      ...Object.fromEntries(
        Object.entries(condition.inputs(episodes, windows)).map(([name, dims]) => [name, { type: "float32", dims }]),
      ),
      states: { type: "float32", dims: [count, history, width] },
      actions: { type: "float32", dims: [count, horizon * width] },
    },
    loss({ states, actions, ...given }, parameter) {
      const gap = Sub(predictActions(states, given, policy, parameter), actions);
      const weighted = Mul(Mul(gap, gap), constant(gap.graph, "float32", [1, horizon * width], lossWeights));
      return { loss: ReduceMean(Reshape(weighted, [-1]), [0], { keepdims: 0 }) };
    },
    clip: 1,
    optimizer: muon({ rate: 20, weightDecay: 0.01, moves: isMatrix, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
  const {
    done,
    state,
    history: metrics,
  } = await fit(step, {
    ...rest,
    steps,
    rate: cosine({ rate, steps, warmUp: Math.min(100, Math.ceil(steps / 10)), last: rate / 100 }),
    recipe: JSON.stringify({ condition: condition.name, lessons: fingerprint(lessons), recipe, seed }),
    initial: (name, dims) => firstValue(name, dims, seed),
    batches: (done) => windowBatches(training, policy.statistics, done),
  });
  if (done < steps) return undefined;
  const names = step.state.filter(({ name, parameter }) => name === parameter);
  const weights = Object.fromEntries(names.map(({ name, dims }) => [name, { dims, data: state[name].data as Float32Array }]));
  return { ...policy, weights, losses: metrics.map(({ loss }) => loss) };
}

/** Weights of the numbers of the actions: the opening counts less, for it is closed or open, and its error is that of the moment. */
const lossWeights = Float32Array.from({ length: horizon * width }, (_, i) => (i % width === width - 1 ? 0.1 : 1));

const isMatrix = (name: string): boolean => /^(blocks\.\d|goal)\..*\.weight$/.test(name) && !name.includes("norm");

/** Draws normal values of deviation 1/√inputs for matrices; all else as timm. */
function firstValue(name: string, dims: readonly number[], seed: number): Float32Array {
  const data = initialValue(name, dims, seed);
  if (!name.endsWith(".weight") || name.includes("norm")) return data;
  const gain = 1 / Math.sqrt(dims[1]) / 0.02;
  return data.map((value) => value * gain);
}

/** Draws the batches from step `done` on: random episodes, and random windows of each; each step has a generator of its own, so that a resumed run gets the same. */
async function* windowBatches(
  { condition, lessons, recipe: { episodes, windows, noise }, seed }: PolicyTraining,
  { state, action }: Statistics,
  done: number,
): AsyncGenerator<Batch> {
  const count = episodes * windows;
  const dims = condition.inputs(episodes, windows);
  for (let step = done; ; step++) {
    const random = makeRandom(seed * 1_000_003 + step);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const states = new Float32Array(count * history * width);
    const actions = new Float32Array(count * horizon * width);
    const given = Object.fromEntries(
      Object.entries(dims).map(([name, each]) => [name, new Float32Array(each.reduce((a, b) => a * b))]),
    );
    for (let e = 0; e < episodes; e++) {
      const lesson = lessons[Math.floor(random() * lessons.length)];
      if (given.tokens) given.tokens.set(lesson.visual.tokens!, e * lesson.visual.tokens!.length);
      for (let w = 0; w < windows; w++) {
        const at = e * windows + w;
        const last = Math.floor((random() * lesson.states.length) / width);
        const window = states.subarray(at * history * width, (at + 1) * history * width);
        pastStates(lesson.states, last, window);
        nextActions(lesson.actions, last, horizon, actions, at * horizon * width);
        for (let i = 0; i < width; i++) {
          const shift = noise * state.deviation[i] * normal();
          for (let h = 0; h < history; h++) window[h * width + i] += shift;
        }
        relativeTo(window.subarray(-width), actions.subarray(at * horizon * width, (at + 1) * horizon * width));
        if (given.goal)
          given.goal.set(standardGoal(lesson.visual.location!, window.subarray(-width)), at * (given.goal.length / count));
      }
    }
    for (let i = 0; i < actions.length; i++) actions[i] = (actions[i] - action.mean[i % width]) / action.deviation[i % width];
    yield {
      states: { dims: [count, history, width], data: states },
      actions: { dims: [count, horizon * width], data: actions },
      ...Object.fromEntries(Object.entries(given).map(([name, data]) => [name, { dims: dims[name], data }])),
    };
  }
}

/** Returns mean and deviation of states, and of actions from the state before a prediction, over all steps of the demonstrations. */
export function statisticsOf(lessons: readonly Steps[]): Statistics {
  const predicted = lessons.flatMap(({ states, actions }) =>
    Array.from({ length: states.length / width }, (_, step) => {
      const next = new Float32Array(horizon * width);
      nextActions(actions, step, horizon, next);
      relativeTo(states.subarray(step * width, (step + 1) * width), next);
      return next;
    }),
  );
  return { state: momentsOf(lessons.map(({ states }) => states)), action: momentsOf(predicted) };
}

function momentsOf(all: readonly Float32Array[]) {
  const [sum, squares] = [new Float64Array(width), new Float64Array(width)];
  let count = 0;
  for (const each of all) {
    count += each.length / width;
    for (let i = 0; i < each.length; i++) {
      sum[i % width] += each[i];
      squares[i % width] += each[i] ** 2;
    }
  }
  const mean = Float32Array.from(sum, (value) => value / count);
  const deviation = Float32Array.from(squares, (value, i) => Math.sqrt(Math.max(value / count - mean[i] ** 2, 1e-8)));
  return { mean, deviation };
}

/** Sums up the demonstrations, so that a checkpoint of others is refused. */
const fingerprint = (lessons: readonly Lesson[]): number[] => [
  lessons.length,
  lessons.reduce((sum, { states }) => sum + states.length, 0),
  lessons.reduce((sum, { actions }) => sum + actions.reduce((a, b) => a + b, 0), 0),
  lessons.reduce(
    (sum, { visual: { location, tokens } }) => sum + (location ? location.x + location.yaw : 0) + (tokens?.[0] ?? 0),
    0,
  ),
];
