/** The visual tokens of a VQA head must be those that its row of the table names: these scales, concatenated, of every scene that could be read. */
import type { ImageTokens } from "s2-vision/heads";
import { fromFloat16 } from "s2-vision/node";
import { describe, expect, it } from "vitest";
import type { ExperimentContext } from "../src/context.ts";
import { extractScenes, readScenes, type VisualConfig, visualInputOf } from "../src/scene-tokens.ts";
import type { Scene } from "../src/vqa/questions.ts";

const box = { left: 0, top: 0, width: 24, height: 24 };
const sceneOf = (name: string): Scene => ({
  name,
  objects: ["star", "heart", "cross", "circle"].map((shape, i) => ({
    ...{ shape, color: ["red", "blue", "green", "black"][i], size: 24, box: { ...box, left: 40 * i } },
  })),
  rings: { size: 24, boxes: [] },
  sign: { word: "stop", size: 24, box },
});

/** [CLS] and a grid of `side` by `side`, two channels a scale: 100 · scale + token. */
function tokensOf(side: number, scales: number): ImageTokens {
  const channels = 2 * scales;
  const data = Float32Array.from({ length: (1 + side * side) * channels }, (_, i) => {
    const [token, channel] = [Math.floor(i / channels), i % channels];
    return 100 * Math.floor(channel / 2) + token;
  });
  return {
    data,
    channels,
    prefix: 1,
    grid: { rows: side, cols: side },
    channelsPerScale: new Array(scales).fill(2),
    size: [64, 64],
  };
}

/** Images named "broken" are left out, as the real one leaves them out. */
const context = {
  data: (name: string) => ({ name, list: async () => [], read: async () => new TextEncoder().encode('{"scenes":[]}') }),
  features: async (
    _: unknown,
    images: readonly string[],
    extraction: { scales: readonly number[]; resizeOutputToIdx?: number },
  ) =>
    new Map(
      images
        .filter((image) => image !== "broken")
        .map((image) => [image, tokensOf(extraction.resizeOutputToIdx === -1 ? 4 : 2, extraction.scales.length)]),
    ),
  say() {},
} as unknown as ExperimentContext;

const variant = { middleOf: "model" } as const;
const both: VisualConfig["selections"] = [
  { extraction: { scales: [1] }, keep: [0] },
  { extraction: { scales: [1, 2], resizeOutputToIdx: -1 }, keep: [1] },
];

describe("visual tokens of scenes", () => {
  it("have the kept scales in the channels, without [CLS]; a scene that could not be read is left out", async () => {
    const config: VisualConfig = {
      name: "1x+3x",
      variant,
      selections: [{ extraction: { scales: [1, 2, 3] }, keep: [0, 2] }],
      concatenate: "channels",
    };
    const set = await extractScenes(context, "train", [sceneOf("a"), sceneOf("broken"), sceneOf("b")], config);
    expect(set).toMatchObject({ grids: [{ rows: 2, cols: 2 }], channels: 4 });
    expect(set.scenes.length).toBe(2);
    expect([...fromFloat16(set.scenes[0].tokens)].slice(0, 8)).toEqual([1, 1, 201, 201, 2, 2, 202, 202]);
    expect(set.scenes[0].questions.length).toBe(14);
  });

  it("are more where selections are concatenated as tokens", async () => {
    const set = await extractScenes(context, "train", [sceneOf("a")], {
      name: "all",
      variant,
      selections: both,
      concatenate: "tokens",
    });
    expect(set).toMatchObject({ channels: 2 });
    expect(set.grids.map(({ rows, cols }) => rows * cols)).toEqual([4, 16]);
    expect([...fromFloat16(set.scenes[0].tokens)].filter((_, i) => i % 2 === 0)).toEqual([
      ...[1, 2, 3, 4],
      ...Array.from({ length: 16 }, (_, i) => 101 + i),
    ]);
  });

  it("have the mean and deviation of each channel", async () => {
    const config: VisualConfig = {
      name: "1x",
      variant,
      selections: [{ extraction: { scales: [1] }, keep: [0] }],
      concatenate: "channels",
    };
    const { mean, deviation } = visualInputOf(await extractScenes(context, "train", [sceneOf("a"), sceneOf("b")], config));
    expect(mean).toEqual([2.5, 2.5]);
    expect(deviation[0]).toBeCloseTo(Math.sqrt(1.25), 5);
  });

  it("are refused without scenes, with the command that draws them", async () => {
    const none = { ...context, data: (name: string) => ({ name, read: async () => Promise.reject(new Error("no such file")) }) };
    await expect(readScenes(none as unknown as ExperimentContext, "train")).rejects.toThrow(
      /scenes\/train.*draw-question-scenes\.mjs/,
    );
  });
});
