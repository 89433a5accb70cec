/** Questions and answers about drawn scenes. The words are those that the trained weights know. */
import type { Box } from "s2-vision";

/** A scene of research/recipes/draw-question-scenes.mjs; boxes and sizes are in its pixels. */
export interface Scene {
  readonly name: string;
  /** Objects of different shapes and colors. */
  readonly objects: readonly { readonly shape: string; readonly color: string; readonly size: number; readonly box: Box }[];
  readonly rings: { readonly size: number; readonly boxes: readonly Box[] };
  readonly sign: { readonly word: string; readonly size: number; readonly box: Box };
}

export interface Question {
  readonly type: QuestionType;
  readonly words: readonly string[];
  readonly answer: string;
  /** Height of the smallest object that it is about, in pixels of the scene. */
  readonly size: number;
}

export const questionTypes = ["color", "shape", "beside", "above", "count", "word"] as const;
export type QuestionType = (typeof questionTypes)[number];

const colors = ["red", "green", "blue", "yellow", "purple", "orange", "black", "white"];
const shapes = ["circle", "square", "triangle", "star", "cross", "heart"];
const counts = ["zero", "one", "two", "three", "four"];
const signs = ["stop", "open", "exit", "taxi", "bank", "cafe", "park", "shop"];

/** One question of each type; its shape and its color can be any. */
const exampleQuestions: Readonly<Record<QuestionType, string>> = {
  color: "what colour is the star?",
  shape: "what shape is the red thing?",
  beside: "is the red thing left or right of the blue thing?",
  above: "is the red thing above or below the blue thing?",
  count: "how many rings are there?",
  word: "what does the sign say?",
};

/** The possible answers to a question of each type. */
export const answersOf: Readonly<Record<QuestionType, readonly string[]>> = {
  ...{ color: colors, shape: shapes, beside: ["left", "right"], above: ["above", "below"], count: counts, word: signs },
};

/** All words; questions shorter than the longest are padded with the first, a blank. The order is that of the trained weights. */
export const vocabulary: readonly string[] = [
  ...new Set([
    "",
    ...Object.values(exampleQuestions).flatMap(splitWords),
    ...Object.values(answersOf).flat(),
    ...shapes,
    ...colors,
  ]),
];
export const questionLength = Math.max(...Object.values(exampleQuestions).map((each) => splitWords(each).length));

/** Makes fourteen questions about a scene: four each about colors, shapes and positions, one about the count of rings, one about the sign. */
export function questionsOf({ objects, rings, sign }: Scene): Question[] {
  const ask = (type: QuestionType, text: string, answer: string, size: number): Question => ({
    ...{ type, words: splitWords(text), answer, size },
  });
  const center = ({ left, top, width, height }: Box) => ({ x: left + width / 2, y: top + height / 2 });
  return [
    ...objects.map(({ shape, color, size }) => ask("color", `what colour is the ${shape}?`, color, size)),
    ...objects.map(({ shape, color, size }) => ask("shape", `what shape is the ${color} thing?`, shape, size)),
    ...objects.map((a, i) => {
      const b = objects[(i + 1) % objects.length];
      const [first, second] = [center(a.box), center(b.box)];
      const size = Math.min(a.size, b.size);
      return i % 2 === 0
        ? ask(
            "beside",
            `is the ${a.color} thing left or right of the ${b.color} thing?`,
            first.x < second.x ? "left" : "right",
            size,
          )
        : ask(
            "above",
            `is the ${a.color} thing above or below the ${b.color} thing?`,
            first.y < second.y ? "above" : "below",
            size,
          );
    }),
    ask("count", exampleQuestions.count, counts[rings.boxes.length], rings.size),
    ask("word", exampleQuestions.word, sign.word, sign.size),
  ];
}

/** Indices of the words in the vocabulary, padded at the start. */
export const wordIds = (words: readonly string[]): number[] =>
  [...Array.from({ length: questionLength - words.length }, () => ""), ...words].map((word) => vocabulary.indexOf(word));

function splitWords(text: string): string[] {
  return text.replaceAll("?", " ?").trim().split(/\s+/);
}
