/** Conditions of a policy: beside the arm's states it knows the cube's location, nothing, or the tokens of the first picture. */
import { Add, Concat, constant, Gelu, MatMul, node, Reshape, type ShapedValue, Slice, Softmax } from "s2-vision/onnx";
import { linear, type Parameter } from "s2-vision/train";
import { goalOf, goalWidth, type Location } from "./arm.ts";

/** Float32 inputs by name, with their dims. */
export type Inputs = Readonly<Record<string, readonly number[]>>;

/** The condition of a policy, for a number of episodes with a number of windows each. */
export interface Condition {
  /** Describes the condition in a recipe. */
  readonly name: string;
  inputs(episodes: number, windows: number): Inputs;
  /** Builds the vectors [count, dim] that are added to every state, one for each window of all episodes; undefined for a blind policy. */
  build(inputs: Readonly<Record<string, ShapedValue>>, count: number, dim: number, parameter: Parameter): ShapedValue | undefined;
}

/** Inputs of the policy for one episode: one of both, or nothing. */
export interface VisualInput {
  readonly location?: Location;
  /** Tokens [n, channels], standardized. */
  readonly tokens?: Float32Array;
}

/** Typical turns of the joints to a goal, in radians. */
const goalDeviation = 0.2;

/** Returns the goal of a location as a policy's input, as seen from a state of the arm. */
export const standardGoal = (location: Location, state: ArrayLike<number>): number[] =>
  goalOf(location, state).map((value) => value / goalDeviation);

/** A policy that is given the cube's location. */
export const locationCondition: Condition = {
  name: "location",
  inputs: (episodes, windows) => ({ goal: [episodes * windows, goalWidth] }),
  build: ({ goal }, _, dim, parameter) => linear(Gelu(linear(goal, "goal.fc1", 2 * dim, parameter)), "goal.fc2", dim, parameter),
};

/** A policy that is given nothing of the cube. */
export const blindCondition: Condition = { name: "blind", inputs: () => ({}), build: () => undefined };

/** The layout of the tokens of a picture. */
export interface TokenGrid {
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
}

/**
 * A policy that is given the tokens of the picture and is trained end to end. Each of `maps` linear maps of the tokens is a heat map by softmax; its mean
 * location in the picture (spatial softmax, Levine et al., arXiv 1504.00702, §5.1) and the mean of `kept` further linear maps under it are read.
 */
export function pictureCondition({ rows, cols, channels }: TokenGrid, maps = 8, kept = 8): Condition {
  const n = rows * cols;
  return {
    name: `picture ${rows}x${cols}x${channels}, ${maps} maps, ${kept} kept`,
    inputs: (episodes) => ({ tokens: [episodes, n, channels] }),
    build({ tokens }, count, dim, parameter) {
      const { graph } = tokens;
      const [episodes] = tokens.dims as number[];
      const projected = Reshape(linear(Reshape(tokens, [episodes * n, channels]), "picture", maps + kept, parameter), [
        ...[episodes, n, maps + kept],
      ]);
      const heat = Transpose(Softmax(Slice(projected, 0, maps, 2), { axis: 1 }), [0, 2, 1]); // [episodes, maps, n]
      const locations = MatMul(heat, constant(graph, "float32", [n, 2], centers(rows, cols)));
      const contents = MatMul(heat, Slice(projected, maps, maps + kept, 2));
      const read = Reshape(Concat([locations, contents], 2), [episodes, maps * (2 + kept)]);
      const vector = linear(Gelu(linear(read, "goal.fc1", 2 * dim, parameter)), "goal.fc2", dim, parameter);
      const each = constant(graph, "float32", [1, count / episodes, 1], new Float32Array(count / episodes));
      return Reshape(Add(Reshape(vector, [episodes, 1, dim]), each), [count, dim]);
    },
  };
}

/** Swaps axes; the builder's operators by name have no type of their own for it. */
const Transpose = (x: ShapedValue, perm: readonly number[]) => node("Transpose", [x], { perm })[0] as ShapedValue;

/** Returns column and row of the tokens' centers, -1 to 1, [n, 2]. */
function centers(rows: number, cols: number): Float32Array {
  const table = new Float32Array(rows * cols * 2);
  for (let cell = 0; cell < rows * cols; cell++) {
    table[2 * cell] = (2 * (cell % cols) + 1) / cols - 1;
    table[2 * cell + 1] = (2 * Math.floor(cell / cols) + 1) / rows - 1;
  }
  return table;
}
