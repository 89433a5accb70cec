/**
 * The graph of a small VQA head on frozen visual tokens: a projector (mlp2x_gelu, as LLaVA-1.5's) and a decoder over the words of the question with
 * cross-attention to the visual tokens in every layer (Vaswani et al., arXiv 1706.03762, §3.1). The answer is the word after the question's last.
 */
import { Add, constant, Gather, Gelu, Mul, Reshape, type ShapedValue, Slice, Sub } from "s2-vision/onnx";
import { attend, linear, norm, type Parameter, type vit } from "s2-vision/train";
import { questionLength, vocabulary } from "./questions.ts";

/** The layout of visual tokens, grids one after the other, row by row, and the statistics of their channels. */
export interface VisualInput {
  readonly grids: readonly { readonly rows: number; readonly cols: number }[];
  readonly channels: number;
  /** Mean of each channel over the training scenes. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export type VqaHeadShape = Pick<Parameters<typeof vit>[1], "dim" | "depth" | "heads">;

export const countTokens = ({ grids }: Pick<VisualInput, "grids">): number =>
  grids.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

/** Maps visual tokens [b, n, c] and questions int64 [b, q, questionLength] to a score for each word [b·q, words]; the answer has the highest. */
export function wordScores(
  visual: ShapedValue,
  questions: ShapedValue,
  visualInput: VisualInput,
  shape: VqaHeadShape,
  parameter: Parameter,
): ShapedValue {
  const { dim, depth } = shape;
  const [batch, tokens, channels] = visual.dims as number[];
  const perScene = (questions.dims as number[])[1];
  const projected = projectTokens(Reshape(visual, [batch * tokens, channels]), visualInput, dim, parameter);
  const words = Gather(parameter("words", [vocabulary.length, dim]), Reshape(questions, [-1]));
  const positions = parameter("places", [1, questionLength, dim]); // as the parameter is called in trained weights
  let x = Add(Reshape(words, [batch * perScene, questionLength, dim]), positions);
  x = Reshape(x, [batch * perScene * questionLength, dim]);
  for (let i = 0; i < depth; i++) {
    const ofLayer: Parameter = (name, dims) => parameter(`layers.${i}.${name}`, dims);
    x = layer(x, projected, { scenes: batch, questions: batch * perScene, last: i === depth - 1 }, shape, ofLayer);
  }
  return linear(norm(x, "norm", parameter), "answer", vocabulary.length, parameter);
}

/** Projects visual tokens [b·n, c] to [b·n, dim], with a position embedding. */
function projectTokens(visual: ShapedValue, visualInput: VisualInput, dim: number, parameter: Parameter): ShapedValue {
  const { graph } = visual;
  const row = (values: readonly number[]) => constant(graph, "float32", [1, values.length], Float32Array.from(values));
  const standardized = Mul(Sub(visual, row(visualInput.mean)), row(visualInput.deviation.map((each) => 1 / each)));
  const projected = linear(Gelu(linear(standardized, "projector.0", 2 * dim, parameter)), "projector.2", dim, parameter);
  const tokens = countTokens(visualInput);
  const embedded = Add(Reshape(projected, [-1, tokens, dim]), parameter("visual_places", [1, tokens, dim]));
  return norm(Reshape(embedded, [(visual.dims as number[])[0], dim]), "visual_norm", parameter);
}

/** x + self-attention of a question's words, + cross-attention to visual tokens, + mlp; x [b·q·l, dim]. The last layer gives the last words alone [b·q, dim]. */
function layer(
  x: ShapedValue,
  visual: ShapedValue,
  { scenes, questions, last }: { scenes: number; questions: number; last: boolean },
  { dim, heads }: VqaHeadShape,
  parameter: Parameter,
): ShapedValue {
  const lastWords = (value: ShapedValue) => {
    if (!last) return value;
    const byQuestion = Reshape(value, [questions, questionLength, dim]);
    return Reshape(Slice(byQuestion, questionLength - 1, questionLength, 1), [questions, dim]);
  };
  const attention = (name: string, from: ShapedValue, to: ShapedValue, batch: number, causal: boolean) => {
    const [q, k, v] = [from, to, to].map((each, i) => linear(each, `${name}.${"qkv"[i]}`, dim, parameter));
    const mask = causal ? causalMask(q, questionLength) : undefined;
    return linear(attend(q, k, v, { batch, heads, mask }), `${name}.proj`, dim, parameter);
  };
  const words = norm(x, "norm1", parameter);
  const read = Add(lastWords(x), attention("self", lastWords(words), words, questions, !last));
  const seen = Add(read, attention("cross", norm(read, "norm2", parameter), visual, scenes, false));
  const inner = Gelu(linear(norm(seen, "norm3", parameter), "mlp.fc1", 4 * dim, parameter));
  return Add(seen, linear(inner, "mlp.fc2", dim, parameter));
}

const causalMask = ({ graph }: ShapedValue, n: number): ShapedValue =>
  constant(
    graph,
    "float32",
    [1, 1, n, n],
    Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0)),
  );
