/** Questions about drawn scenes, and a small answerer of them on frozen visual tokens. */
export { type AnswererShape, type Sight, tokensOf } from "./answerer.ts";
export { type Answerer, type OpenedAnswerer, openAnswerer, readAnswerer, type Told, writeAnswerer } from "./answerer-file.ts";
export {
  answersOf,
  examples,
  type Question,
  type QuestionKind,
  questionKinds,
  questionsOf,
  readQuestion,
  type Scene,
} from "./questions.ts";
export { type SeenScene, trainAnswerer } from "./train-answerer.ts";
