/** Questions and answers are the scene's: a wrong label would train and test every VQA head wrongly, and no figure would show it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answersOf, questionLength, questionsOf, type Scene, vocabulary, wordIds } from "../src/vqa/questions.ts";

const square = (left: number, top: number, side: number) => ({ left, top, width: side, height: side });

const scene: Scene = {
  name: "0.jpg",
  objects: [
    { shape: "star", color: "red", size: 12, box: square(10, 300, 12) },
    { shape: "circle", color: "blue", size: 96, box: square(400, 20, 96) },
    { shape: "heart", color: "white", size: 24, box: square(200, 500, 24) },
    { shape: "cross", color: "black", size: 48, box: square(600, 100, 48) },
  ],
  rings: { size: 32, boxes: [square(0, 0, 32), square(90, 0, 32)] },
  sign: { word: "taxi", size: 16, box: { left: 300, top: 600, width: 60, height: 20 } },
};

describe("the questions of a scene", () => {
  const asked = new Map(questionsOf(scene).map(({ words, answer, size }) => [words.join(" "), { answer, size }]));

  it.each([
    ["what colour is the star ?", "red", 12],
    ["what shape is the white thing ?", "heart", 24],
    ["is the red thing left or right of the blue thing ?", "left", 12],
    ["is the blue thing above or below the white thing ?", "above", 24],
    ["is the white thing left or right of the black thing ?", "left", 24],
    ["is the black thing above or below the red thing ?", "above", 12],
    ["how many rings are there ?", "two", 32],
    ["what does the sign say ?", "taxi", 16],
  ])("%s %s, of %i px", (words, answer, size) => {
    expect(asked.get(words)).toEqual({ answer, size });
  });

  it("are as many in every scene, in known words, with answers of their type", () => {
    const shapes = fc.shuffledSubarray([...answersOf.shape], { minLength: 4, maxLength: 4 });
    const colors = fc.shuffledSubarray([...answersOf.color], { minLength: 4, maxLength: 4 });
    const coordinate = fc.nat(500);
    fc.assert(
      fc.property(shapes, colors, fc.array(coordinate, { minLength: 8, maxLength: 8 }), fc.nat(4), (names, tints, at, rings) => {
        const objects = names.map((shape, i) => ({
          shape,
          color: tints[i],
          size: 24,
          box: square(at[2 * i], at[2 * i + 1], 24),
        }));
        const boxes = Array.from({ length: rings }, () => square(0, 0, 32));
        const questions = questionsOf({ ...scene, objects, rings: { size: 32, boxes } });
        expect(questions.length).toBe(14);
        for (const { type, words, answer } of questions) {
          expect(wordIds(words).every((id) => id >= 0)).toBe(true);
          expect(wordIds(words).length).toBe(questionLength);
          expect(answersOf[type]).toContain(answer);
          expect(vocabulary).toContain(answer);
        }
      }),
    );
  });
});
