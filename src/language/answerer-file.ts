/** A trained answerer as a file, and ready to answer. */
import { array, gtValue, integer, literal, looseObject, minValue, number, object, pipe, string } from "valibot";
import { argmax, S2Error } from "../core/index.ts";
import { constant, finishGraph, input, newGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { fromFloat16, readSafetensors, toFloat16, writeSafetensors } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import { answers, tokensOf, type VisualInput, type VqaHeadShape } from "./answerer.ts";
import { answersOf, type QuestionKind, questionLength, vocabulary, wordIds } from "./questions.ts";

/** What is learned, and what has to be known to use it. */
export interface VqaHead {
  readonly sight: VisualInput;
  readonly shape: VqaHeadShape;
  /** Name of the vision model, whose tokens after half of its blocks are looked at. */
  readonly model: string;
  /** Of that model's weights file. */
  readonly sha256: string;
  readonly scales: readonly number[];
  /** Share of the test's questions that were answered right, kind by kind. */
  readonly accuracy: Readonly<Record<QuestionKind, number>>;
  readonly weights: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}

const size = pipe(number(), integer(), minValue(1));
const accuracies = Object.fromEntries(Object.keys(answersOf).map((kind) => [kind, number()])) as Record<
  QuestionKind,
  ReturnType<typeof number>
>;
const description = looseObject({
  kind: literal("answerer"),
  words: array(string()),
  sight: object({
    grids: array(object({ rows: size, cols: size })),
    channels: size,
    mean: array(number()),
    deviation: array(pipe(number(), gtValue(0))),
  }),
  shape: object({ dim: size, depth: size, heads: size }),
  model: string(),
  sha256: string(),
  scales: array(pipe(number(), gtValue(0))),
  accuracy: object(accuracies),
});

/** As float16 safetensors; what is no weight is in its metadata. */
export function writeVqaHead({ weights, ...about }: VqaHead): Uint8Array {
  const tensors = Object.entries(weights).map(([name, { dims, data }]) => [
    name,
    { dtype: "F16" as const, dims, data: toFloat16(data) },
  ]);
  return writeSafetensors(Object.fromEntries(tensors), { s2: JSON.stringify({ kind: "answerer", words: vocabulary, ...about }) });
}

/** @throws S2Error "answerer" for a file that is none, or of other words. */
export function readVqaHead(file: Uint8Array): VqaHead {
  const { tensors, metadata } = readSafetensors(file);
  const name = "The file holds no answerer of this version: its description";
  const advice = "Give a file that `s2 experiment language` has written.";
  const { kind, words, ...about } = parseJson(description, metadata.s2 ?? "{}", { code: "answerer", name, advice });
  if (words.join() !== vocabulary.join())
    throw new S2Error("answerer", `The file holds no answerer of this version: it knows other words. ${advice}`);
  const { sight, shape } = about;
  if (sight.mean.length !== sight.channels || sight.deviation.length !== sight.channels || shape.dim % shape.heads !== 0)
    throw new S2Error(
      "answerer",
      `The answerer has ${sight.mean.length} means and ${sight.deviation.length} deviations of ${sight.channels} channels, and ${shape.heads} heads ` +
        `of ${shape.dim} channels; expected one of each a channel, and heads of equal width. ${advice}`,
    );
  const weights = Object.entries(tensors).map(([tensor, { dtype, dims, data }]) => {
    if (dtype !== "F16") throw new S2Error("answerer", `The answerer's ${tensor} is ${dtype}; expected F16. ${advice}`);
    return [tensor, { dims, data: fromFloat16(data as Uint16Array) }];
  });
  return { ...about, weights: Object.fromEntries(weights) };
}

/** An answer and how probable the answerer thinks it, 0 to 1, among those that such a question can have. */
export interface Answer {
  readonly answer: string;
  readonly probability: number;
}

export interface OpenedVqaHead {
  /** `asked` questions about an image's visual tokens [n, c]. */
  tell(visual: Float32Array, questions: readonly { kind: QuestionKind; words: readonly string[] }[]): Promise<Answer[]>;
  close(): Promise<void>;
}

/** Makes an answerer ready for `asked` questions at a time. */
export async function openVqaHead(answerer: Omit<VqaHead, "accuracy">, openGraph: OpenGraph, asked = 1): Promise<OpenedVqaHead> {
  const { sight, shape, weights } = answerer;
  const graph = newGraph(20);
  const dims = { visual: [1, tokensOf(sight), sight.channels], questions: [1, asked, questionLength] };
  const visual = input(graph, "visual", "float32", dims.visual);
  const questions = input(graph, "questions", "int64", dims.questions);
  const weight = (name: string, expected: readonly number[]) => {
    const found = weights[name];
    if (String(found?.dims) === String(expected)) return constant(graph, "float32", found.dims, found.data);
    throw new S2Error(
      "answerer",
      `The answerer's ${name} is ${found ? `[${found.dims.join(", ")}]` : "absent"}; its description wants [${expected.join(", ")}]. The file is damaged.`,
    );
  };
  output(answers(visual, questions, sight, shape, weight), "answers");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "answerer")));
  return {
    async tell(tokens, given) {
      const ids = BigInt64Array.from(
        given.flatMap(({ words }) => wordIds(words)),
        BigInt,
      );
      const outputs = await opened.run({
        visual: { dims: dims.visual, data: tokens },
        questions: { dims: dims.questions, data: ids },
      });
      const scores = outputs.answers.data as Float32Array;
      return given.map(({ kind }, i) => likeliest(scores.subarray(i * vocabulary.length), answersOf[kind]));
    },
    close: () => opened.close(),
  };
}

/** The answer with the highest score among those that there can be. */
function likeliest(scores: Float32Array, possible: readonly string[]): Answer {
  const own = possible.map((answer) => scores[vocabulary.indexOf(answer)]);
  const best = argmax(own);
  const sum = own.reduce((total, score) => total + Math.exp(score - own[best]), 0);
  return { answer: possible[best], probability: 1 / sum };
}
