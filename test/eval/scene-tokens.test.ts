/** What an answerer is shown must be what its row of the table says: these scales, side by side or one after the other, of every scene that could be read. */
import { describe, expect, it } from "vitest";
import type { Lab } from "../../src/eval/index.ts";
import { readScenes, seeScenes, sightOf, type Way } from "../../src/eval/scene-tokens.ts";
import type { PhotoTokens } from "../../src/features/index.ts";
import type { Scene } from "../../src/language/index.ts";
import { fromFloat16 } from "../../src/tensors/index.ts";

const box = { left: 0, top: 0, width: 24, height: 24 };
const sceneOf = (name: string): Scene => ({
  name,
  things: ["star", "heart", "cross", "circle"].map((shape, i) => ({
    ...{ shape, colour: ["red", "blue", "green", "black"][i], size: 24, box: { ...box, left: 40 * i } },
  })),
  rings: { size: 24, boxes: [] },
  sign: { word: "stop", size: 24, box },
});

/** [CLS] and a grid of `side` by `side`, two channels a scale: 100 · scale + token. */
function tokensOf(side: number, scales: number): PhotoTokens {
  const channels = 2 * scales;
  const data = Float32Array.from({ length: (1 + side * side) * channels }, (_, i) => {
    const [token, channel] = [Math.floor(i / channels), i % channels];
    return 100 * Math.floor(channel / 2) + token;
  });
  return { data, channels, prefix: 1, grid: { rows: side, cols: side }, widths: new Array(scales).fill(2), size: [64, 64] };
}

/** Photos named "broken" are left out, as the real one leaves them out. */
const lab = {
  data: (name: string) => ({ name, list: async () => [], read: async () => new TextEncoder().encode('{"scenes":[]}') }),
  features: async (_: unknown, photos: readonly string[], look: { scales: readonly number[]; resizeOutputToIdx?: number }) =>
    new Map(
      photos
        .filter((photo) => photo !== "broken")
        .map((photo) => [photo, tokensOf(look.resizeOutputToIdx === -1 ? 4 : 2, look.scales.length)]),
    ),
  say() {},
} as unknown as Lab;

const which = { middleOf: "model" } as const;
const both: Way["parts"] = [
  { look: { scales: [1] }, keep: [0] },
  { look: { scales: [1, 2], resizeOutputToIdx: -1 }, keep: [1] },
];

describe("scenes as an answerer sees them", () => {
  it("have the kept scales in the channels, without [CLS]; a scene that could not be read is left out", async () => {
    const way: Way = { name: "1x+3x", which, parts: [{ look: { scales: [1, 2, 3] }, keep: [0, 2] }], as: "channels" };
    const seen = await seeScenes(lab, "train", [sceneOf("a"), sceneOf("broken"), sceneOf("b")], way);
    expect(seen).toMatchObject({ grids: [{ rows: 2, cols: 2 }], channels: 4 });
    expect(seen.scenes.length).toBe(2);
    expect([...fromFloat16(seen.scenes[0].tokens)].slice(0, 8)).toEqual([1, 1, 201, 201, 2, 2, 202, 202]);
    expect(seen.scenes[0].questions.length).toBe(14);
  });

  it("have more tokens where parts come one after the other", async () => {
    const seen = await seeScenes(lab, "train", [sceneOf("a")], { name: "all", which, parts: both, as: "tokens" });
    expect(seen).toMatchObject({ channels: 2 });
    expect(seen.grids.map(({ rows, cols }) => rows * cols)).toEqual([4, 16]);
    expect([...fromFloat16(seen.scenes[0].tokens)].filter((_, i) => i % 2 === 0)).toEqual([
      ...[1, 2, 3, 4],
      ...Array.from({ length: 16 }, (_, i) => 101 + i),
    ]);
  });

  it("are standardised by the mean and deviation of each channel", async () => {
    const way: Way = { name: "1x", which, parts: [{ look: { scales: [1] }, keep: [0] }], as: "channels" };
    const { mean, deviation } = sightOf(await seeScenes(lab, "train", [sceneOf("a"), sceneOf("b")], way));
    expect(mean).toEqual([2.5, 2.5]);
    expect(deviation[0]).toBeCloseTo(Math.sqrt(1.25), 5);
  });

  it("that are not there are asked for with the command that draws them", async () => {
    const none = { ...lab, data: (name: string) => ({ name, read: async () => Promise.reject(new Error("no such file")) }) };
    await expect(readScenes(none as unknown as Lab, "train")).rejects.toThrow(/scenes\/train.*draw-question-scenes\.mjs/);
  });
});
