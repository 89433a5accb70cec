/** Questions about drawn scenes, and a small answerer of them on frozen visual tokens. */
export { tokensOf, type VisualInput, type VqaHeadShape } from "./answerer.ts";
export { type Answer, type OpenedVqaHead, openVqaHead, readVqaHead, type VqaHead, writeVqaHead } from "./answerer-file.ts";
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
export { type SeenScene, trainVqaHead } from "./train-answerer.ts";
