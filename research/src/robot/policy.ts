/** The policy: a transformer over the past states of the arm that predicts the next actions (paper, Table 10: 16 steps, 16 actions). */
import {
  Add,
  constant,
  finishGraph,
  Gelu,
  input,
  Mul,
  newGraph,
  type OpenGraph,
  output,
  Reshape,
  type ShapedValue,
  Slice,
  Sub,
  writeOnnx,
} from "s2-vision/onnx";
import { attend, linear, norm, type Parameter } from "s2-vision/train";
import { history, horizon, pastStates, relativeTo, width } from "./arm.ts";
import { type Condition, standardGoal, type VisualInput } from "./conditions.ts";

export interface PolicyShape {
  /** Channels of a state's token. */
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
}

/** Mean and deviation of each number of a state, and of an action from the state before a prediction, over the demonstrations. */
export interface Statistics {
  readonly state: { readonly mean: Float32Array; readonly deviation: Float32Array };
  readonly action: { readonly mean: Float32Array; readonly deviation: Float32Array };
}

export interface Policy {
  readonly shape: PolicyShape;
  readonly statistics: Statistics;
  readonly condition: Condition;
  readonly weights: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}

/** Maps states [windows, history, width] and the inputs of the condition to standardized actions [windows, horizon·width], joints from the last state's. */
export function predictActions(
  states: ShapedValue,
  given: Readonly<Record<string, ShapedValue>>,
  { condition, shape: { dim, depth, heads }, statistics }: Omit<Policy, "weights">,
  parameter: Parameter,
): ShapedValue {
  const { graph } = states;
  const [windows] = states.dims as number[];
  const row = (values: Float32Array) => constant(graph, "float32", [1, 1, width], values);
  const { mean, deviation } = statistics.state;
  const standard = Mul(Sub(states, row(mean)), row(deviation.map((each) => 1 / each)));
  const embedded = linear(Reshape(standard, [windows * history, width]), "states", dim, parameter);
  let tokens = Add(Reshape(embedded, [windows, history, dim]), parameter("steps", [1, history, dim]));
  const known = condition.build(given, windows, dim, parameter);
  if (known) tokens = Add(tokens, Reshape(known, [windows, 1, dim]));
  let x = Reshape(tokens, [windows * history, dim]);
  for (let i = 0; i < depth; i++)
    x = block(x, { windows, heads, last: i === depth - 1 }, (name, dims) => parameter(`blocks.${i}.${name}`, dims));
  return linear(norm(x, "norm", parameter), "actions", horizon * width, parameter);
}

/** x + attention(norm(x)), then x + mlp(norm(x)); x [windows·history, dim]. The last block gives the last states alone [windows, dim]. */
function block(
  x: ShapedValue,
  { windows, heads, last }: { windows: number; heads: number; last: boolean },
  parameter: Parameter,
): ShapedValue {
  const dim = x.dims[1] as number;
  const present = (value: ShapedValue) =>
    last ? Reshape(Slice(Reshape(value, [windows, history, dim]), history - 1, history, 1), [windows, dim]) : value;
  const inner = norm(x, "norm1", parameter);
  const [q, k, v] = [present(inner), inner, inner].map((each, i) => linear(each, `attn.${"qkv"[i]}`, dim, parameter));
  const attended = Add(present(x), linear(attend(q, k, v, { batch: windows, heads }), "attn.proj", dim, parameter));
  const hidden = Gelu(linear(norm(attended, "norm2", parameter), "mlp.fc1", 4 * dim, parameter));
  return Add(attended, linear(hidden, "mlp.fc2", dim, parameter));
}

export interface OpenedPolicy {
  /** Predicts the `horizon` actions after an episode's states so far, `width` numbers a step. */
  predict(states: Float32Array, visual: VisualInput): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens a policy for one episode at a time. */
export async function openPolicy(policy: Policy, openGraph: OpenGraph): Promise<OpenedPolicy> {
  const { condition, statistics, weights } = policy;
  const graph = newGraph(20);
  const states = input(graph, "states", "float32", [1, history, width]);
  const dims = condition.inputs(1, 1);
  const given = Object.fromEntries(Object.entries(dims).map(([name, each]) => [name, input(graph, name, "float32", each)]));
  const weight: Parameter = (name) => constant(graph, "float32", weights[name].dims, weights[name].data);
  output(predictActions(states, given, policy, weight), "actions");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "policy")));
  const { mean, deviation } = statistics.action;
  return {
    async predict(all, { location, tokens }) {
      const past = new Float32Array(history * width);
      const steps = all.length / width;
      pastStates(all, steps - 1, past);
      const feeds = {
        states: { dims: [1, history, width], data: past },
        ...("goal" in dims && {
          goal: { dims: dims.goal, data: Float32Array.from(standardGoal(location!, past.subarray(-width))) },
        }),
        ...("tokens" in dims && { tokens: { dims: dims.tokens, data: Float32Array.from(tokens!) } }),
      };
      const { actions } = await opened.run(feeds);
      const next = (actions.data as Float32Array).map((value, i) => value * deviation[i % width] + mean[i % width]);
      relativeTo(past.subarray(-width), next, 1);
      return next;
    },
    close: () => opened.close(),
  };
}
