/** What is asked of a drawn scene: its questions and answers in words, and the words of a question that someone types. */
import { S2Error } from "../core/index.ts";

/** In pixels of the scene. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A scene of scripts/draw-question-scenes.mjs. */
export interface Scene {
  readonly name: string;
  /** Of different shapes and colours. */
  readonly things: readonly { readonly shape: string; readonly colour: string; readonly size: number; readonly box: Box }[];
  readonly rings: { readonly size: number; readonly boxes: readonly Box[] };
  readonly sign: { readonly word: string; readonly size: number; readonly box: Box };
}

export interface Question {
  readonly kind: QuestionKind;
  readonly words: readonly string[];
  readonly answer: string;
  /** Height of the smallest thing that it is about, in pixels of the scene. */
  readonly size: number;
}

export const questionKinds = ["colour", "shape", "beside", "above", "count", "word"] as const;
export type QuestionKind = (typeof questionKinds)[number];

const colours = ["red", "green", "blue", "yellow", "purple", "orange", "black", "white"];
const shapes = ["circle", "square", "triangle", "star", "cross", "heart"];
const counts = ["zero", "one", "two", "three", "four"];
const signs = ["stop", "open", "exit", "taxi", "bank", "cafe", "park", "shop"];

/** One of each kind to show, SHAPE and COLOUR as they may be. */
export const examples: Readonly<Record<QuestionKind, string>> = {
  colour: "what colour is the star?",
  shape: "what shape is the red thing?",
  beside: "is the red thing left or right of the blue thing?",
  above: "is the red thing above or below the blue thing?",
  count: "how many rings are there?",
  word: "what does the sign say?",
};

/** The answers that a kind can have. */
export const answersOf: Readonly<Record<QuestionKind, readonly string[]>> = {
  ...{ colour: colours, shape: shapes, beside: ["left", "right"], above: ["above", "below"], count: counts, word: signs },
};

/** All words; a question's shorter than the longest begin with blanks. */
export const vocabulary: readonly string[] = [
  ...new Set(["", ...Object.values(examples).flatMap(wordsOf), ...Object.values(answersOf).flat(), ...shapes, ...colours]),
];
export const questionLength = Math.max(...Object.values(examples).map((each) => wordsOf(each).length));

/** Fourteen of each scene: four of colour, four of shape, four of place, one of number, one to read. */
export function questionsOf({ things, rings, sign }: Scene): Question[] {
  const ask = (kind: QuestionKind, words: string, answer: string, size: number): Question => ({
    ...{ kind, words: wordsOf(words), answer, size },
  });
  const middle = ({ left, top, width, height }: Box) => [left + width / 2, top + height / 2];
  return [
    ...things.map(({ shape, colour, size }) => ask("colour", `what colour is the ${shape}?`, colour, size)),
    ...things.map(({ shape, colour, size }) => ask("shape", `what shape is the ${colour} thing?`, shape, size)),
    ...things.map((a, i) => {
      const b = things[(i + 1) % things.length];
      const [[ax, ay], [bx, by]] = [middle(a.box), middle(b.box)];
      const size = Math.min(a.size, b.size);
      return i % 2 === 0
        ? ask("beside", `is the ${a.colour} thing left or right of the ${b.colour} thing?`, ax < bx ? "left" : "right", size)
        : ask("above", `is the ${a.colour} thing above or below the ${b.colour} thing?`, ay < by ? "above" : "below", size);
    }),
    ask("count", examples.count, counts[rings.boxes.length], rings.size),
    ask("word", examples.word, sign.word, sign.size),
  ];
}

/** Places in the vocabulary, blanks first. */
export const wordIds = (words: readonly string[]): number[] =>
  [...Array.from({ length: questionLength - words.length }, () => ""), ...words].map((word) => vocabulary.indexOf(word));

/**
 * The words of a typed question and its kind; capitals, "colour" and a missing "?" are taken as meant.
 * @throws S2Error "question" for one that is not of a known kind.
 */
export function readQuestion(text: string): { kind: QuestionKind; words: string[] } {
  const words = wordsOf(`${text.toLowerCase().replaceAll("color", "colour").replaceAll("?", " ")} ?`);
  const kind = questionKinds.find((each) => isAsked(words, wordsOf(examples[each])));
  if (kind) return { kind, words };
  const known = questionKinds.map((each) => `  ${examples[each]}`).join("\n");
  throw new S2Error(
    "question",
    `Got "${text}"; expected a question of one of these kinds, the only ones it has learned:\n${known}\nShapes are ${shapes.join(", ")}; colours ${colours.join(", ")}.`,
  );
}

/** The same words, another shape for a shape and another colour for a colour. */
function isAsked(words: readonly string[], pattern: readonly string[]): boolean {
  const one = (word: string, of: string) =>
    [shapes, colours].some((names) => names.includes(of) && names.includes(word)) || word === of;
  return words.length === pattern.length && words.every((word, i) => one(word, pattern[i]));
}

function wordsOf(text: string): string[] {
  return text.replaceAll("?", " ?").trim().split(/\s+/);
}
