/**
 * A small answerer on frozen visual tokens: a projector (mlp2x_gelu, as LLaVA-1.5's) and a decoder that reads the question word by word, looking
 * at the visual tokens in every layer (Vaswani et al., arXiv 1706.03762, §3.1). The answer is the word after the question's last.
 */
import { Add, constant, Gather, Gelu, Mul, Reshape, type ShapedValue, Slice, Sub } from "../onnx/index.ts";
import { attend, linear, norm, type Parameter, type VitShape } from "../train/index.ts";
import { questionLength, vocabulary } from "./questions.ts";

/** Visual tokens: grids of them one after the other, row by row. */
export interface VisualInput {
  readonly grids: readonly { readonly rows: number; readonly cols: number }[];
  readonly channels: number;
  /** Of each channel over what was trained on. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export type VqaHeadShape = Pick<VitShape, "dim" | "depth" | "heads">;

export const tokensOf = ({ grids }: Pick<VisualInput, "grids">): number =>
  grids.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

/** Visual tokens [b, n, c] and questions int64 [b, q, questionLength] to a number for each word [b·q, words]: the answer's is the highest. */
export function answers(
  visual: ShapedValue,
  questions: ShapedValue,
  sight: VisualInput,
  shape: VqaHeadShape,
  parameter: Parameter,
): ShapedValue {
  const { dim, depth } = shape;
  const [batch, tokens, channels] = visual.dims as number[];
  const asked = (questions.dims as number[])[1];
  const seen = look(Reshape(visual, [batch * tokens, channels]), sight, dim, parameter);
  const words = Gather(parameter("words", [vocabulary.length, dim]), Reshape(questions, [-1]));
  const places = parameter("places", [1, questionLength, dim]);
  let x = Reshape(Add(Reshape(words, [batch * asked, questionLength, dim]), places), [batch * asked * questionLength, dim]);
  for (let i = 0; i < depth; i++) {
    const own: Parameter = (name, dims) => parameter(`layers.${i}.${name}`, dims);
    x = layer(x, seen, { scenes: batch, questions: batch * asked, last: i === depth - 1 }, shape, own);
  }
  return linear(norm(x, "norm", parameter), "answer", vocabulary.length, parameter);
}

/** Visual tokens [b·n, c] to [b·n, dim], each knowing its place. */
function look(visual: ShapedValue, sight: VisualInput, dim: number, parameter: Parameter): ShapedValue {
  const { graph } = visual;
  const row = (values: readonly number[]) => constant(graph, "float32", [1, values.length], Float32Array.from(values));
  const even = Mul(Sub(visual, row(sight.mean)), row(sight.deviation.map((each) => 1 / each)));
  const projected = linear(Gelu(linear(even, "projector.0", 2 * dim, parameter)), "projector.2", dim, parameter);
  const tokens = tokensOf(sight);
  const placed = Add(Reshape(projected, [-1, tokens, dim]), parameter("visual_places", [1, tokens, dim]));
  return norm(Reshape(placed, [(visual.dims as number[])[0], dim]), "visual_norm", parameter);
}

/** x + attention among a question's words, + attention to what is seen, + mlp; x [b·q·l, dim]. The last layer gives its last words alone [b·q, dim]. */
function layer(
  x: ShapedValue,
  seen: ShapedValue,
  { scenes, questions, last }: { scenes: number; questions: number; last: boolean },
  { dim, heads }: VqaHeadShape,
  parameter: Parameter,
): ShapedValue {
  const ends = (of: ShapedValue) => {
    if (!last) return of;
    const apart = Reshape(of, [questions, questionLength, dim]);
    return Reshape(Slice(apart, questionLength - 1, questionLength, 1), [questions, dim]);
  };
  const attended = (name: string, from: ShapedValue, to: ShapedValue, batch: number, causal: boolean) => {
    const [q, k, v] = [from, to, to].map((each, i) => linear(each, `${name}.${"qkv"[i]}`, dim, parameter));
    const mask = causal ? later(q, questionLength) : undefined;
    return linear(attend(q, k, v, { batch, heads, mask }), `${name}.proj`, dim, parameter);
  };
  const words = norm(x, "norm1", parameter);
  const read = Add(ends(x), attended("self", ends(words), words, questions, !last));
  const looked = Add(read, attended("cross", norm(read, "norm2", parameter), seen, scenes, false));
  const inner = Gelu(linear(norm(looked, "norm3", parameter), "mlp.fc1", 4 * dim, parameter));
  return Add(looked, linear(inner, "mlp.fc2", dim, parameter));
}

/** No word looks at a later one. */
const later = ({ graph }: ShapedValue, n: number): ShapedValue =>
  constant(
    graph,
    "float32",
    [1, 1, n, n],
    Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0)),
  );
