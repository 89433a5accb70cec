/** The training loop: the next batch is made while a step runs; a run that is resumed from a checkpoint equals an unbroken one. */
import { array, number, record, string } from "valibot";
import { badOption, S2Error } from "../core/index.ts";
import type { GraphTensor, OpenLoop } from "../onnx/index.ts";
import { readChecked, type StoredTensor, writeChecked } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import type { Step } from "./step.ts";
import { packState, unpackState } from "./vectors.ts";

/** The inputs of one step by name, without the state. */
export type Batch = Readonly<Record<string, GraphTensor>>;

/** Metrics of one step: `loss`, and the step's own by name. */
export type Metrics = Readonly<Record<string, number>>;

/** A store of checkpoints, such as `openStore` of "s2-vision/node". A file is written whole or not at all. */
export interface Checkpoints {
  /** Returns undefined where there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the file. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** Options of `fit`. */
export interface TrainOptions {
  /** The number of steps, including those of the checkpoint. */
  readonly steps: number;
  /** Returns the learning rate of a step, counted from 1. */
  readonly rate: (step: number) => number;
  /** Returns a parameter's first values. */
  readonly initial: (name: string, dims: readonly number[]) => Float32Array;
  /** Yields the batches from the one after `done` steps on, the same at every call. Their arrays are transferred. */
  readonly batches: (done: number) => AsyncIterable<Batch>;
  /** Runs the step: `openLoop` of "s2-vision/node" or "s2-vision/web". */
  readonly openLoop: OpenLoop;
  /** Keeps the state, so that the run can be resumed; default none. */
  readonly checkpoints?: Checkpoints;
  /** Milliseconds between checkpoints; default five minutes. */
  readonly every?: number;
  /** Describes all that determines the run; a checkpoint of another recipe is refused. */
  readonly recipe: string;
  /**
   * Steps between readings of the metrics, default 1: with more a graphics card works on while batches go to it, and `onStep`, the check of
   * the loss and an abort come up to that many steps later.
   */
  readonly readEvery?: number;
  /** Called after each step. */
  readonly onStep?: (step: number, metrics: Metrics) => void;
  /** Stops the run after the current step; a checkpoint is written. */
  readonly signal?: AbortSignal;
}

/** The result of `fit`. */
export interface Fitted {
  /** Steps done; fewer than `steps` when aborted. */
  readonly done: number;
  /** Tensors by name: parameters, the optimizer's and averages (`average/NAME`). */
  readonly state: Readonly<Record<string, GraphTensor>>;
  /** Metrics of all steps. */
  readonly history: readonly Metrics[];
}

const checkpoint = "checkpoint.safetensors";

/**
 * Trains: runs the steps that are left.
 * @throws S2Error "checkpoint" for a checkpoint of another recipe or a damaged one; "training" when the loss is NaN or infinite.
 */
export async function fit(step: Step, options: TrainOptions): Promise<Fitted> {
  const { steps, rate, batches, openLoop, checkpoints, every = 300_000, readEvery = 1, onStep, signal } = options;
  if (!(readEvery >= 1)) throw badOption("option", "readEvery", readEvery, "a number of steps of at least 1");
  const start = (await resume(step, options)) ?? { state: firstState(step, options), history: [] };
  const history = [...start.history];
  const loop = await openLoop(step.file, packState(step.vectors, start.state));
  const save = async () => {
    const state = unpackState(step.vectors, await loop.state());
    await checkpoints?.write(checkpoint, await pack(state, history, options.recipe));
    return state;
  };
  const read = async () => {
    for (const outputs of await loop.outputs()) {
      const metrics = numbers(unpackState(step.metricVectors, outputs));
      const number = history.length + 1;
      if (!Number.isFinite(metrics.loss))
        throw new S2Error(
          "training",
          `The loss is ${metrics.loss} at step ${number}; lower the learning rate or clip the gradients.`,
        );
      history.push(metrics);
      onStep?.(number, metrics);
    }
  };
  try {
    let saved = performance.now();
    let started = history.length;
    const iterator = batches(started)[Symbol.asyncIterator]();
    let next = started < steps ? iterator.next() : undefined;
    while (started < steps && !signal?.aborted) {
      const { value, done } = await next!;
      if (done)
        throw new S2Error(
          "training",
          `There are no more batches after ${started} of ${steps} steps; give as many as there are steps.`,
        );
      const number = ++started;
      const running = loop.start({ ...value, rate: scalar(rate(number)), step: scalar(number) });
      next = number < steps ? iterator.next() : undefined; // while the graph runs
      next?.catch(() => {}); // it is awaited later
      await running;
      const due = checkpoints && performance.now() - saved > every;
      if (due || number - history.length >= readEvery) await read();
      if (!due) continue;
      await save();
      saved = performance.now();
    }
    await read();
    await iterator.return?.();
    return { done: history.length, state: await save(), history };
  } finally {
    await loop.close();
  }
}

const scalar = (value: number): GraphTensor => ({ dims: [], data: Float32Array.of(value) });

const numbers = (results: Readonly<Record<string, GraphTensor>>): Metrics =>
  Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));

/** Returns the parameters' first values, averages like them, all else zeros. */
function firstState({ state }: Step, { initial }: TrainOptions): Record<string, GraphTensor> {
  return Object.fromEntries(
    state.map(({ name, dims, parameter }) => {
      const isParameter = name === parameter || name === `average/${parameter}`;
      return [name, { dims, data: isParameter ? initial(parameter, dims) : new Float32Array(dims.reduce((a, b) => a * b, 1)) }];
    }),
  );
}

function pack(state: Readonly<Record<string, GraphTensor>>, history: readonly Metrics[], recipe: string): Promise<Uint8Array> {
  const tensors = Object.entries(state).map(([name, { dims, data }]) => [name, { dtype: "F32", dims, data }]);
  return writeChecked(Object.fromEntries(tensors) as Record<string, StoredTensor>, { history: JSON.stringify(history), recipe });
}

async function resume(
  { state }: Step,
  { checkpoints, recipe }: TrainOptions,
): Promise<{ state: Record<string, GraphTensor>; history: Metrics[] } | undefined> {
  const bytes = await checkpoints?.read(checkpoint);
  if (!bytes) return undefined;
  const advice = "Give another folder, or remove it to begin anew.";
  const source = { code: "checkpoint" as const, name: checkpoint, advice };
  const { tensors, metadata } = await readChecked(bytes, source);
  if (metadata.recipe !== recipe)
    throw new S2Error("checkpoint", `The checkpoint there was written by a run with another recipe. ${advice}`);
  const found = state.map(({ name, dims }) => {
    const { dtype, dims: stored, data } = tensors[name] ?? {};
    if (dtype === "F32" && String(stored) === String(dims)) return [name, { dims, data: new Float32Array(data as Float32Array) }];
    throw new S2Error(
      "checkpoint",
      `${checkpoint} has ${name} as ${dtype ? `${dtype} [${stored.join(", ")}]` : "nothing"}; expected F32 [${dims.join(", ")}]. ${advice}`,
    );
  });
  const history = parseJson(array(record(string(), number())), metadata.history ?? "", source);
  return { state: Object.fromEntries(found), history };
}
