/** Videos by ffmpeg: a frame under the wrong time, or one that was never shown, makes features that tell of another moment. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { extractVideo } from "../../src/node.ts";
import { type VideoOptions, videoFrames } from "../../src/runtimes/node/video-frames.ts";

const folder = mkdtempSync(join(tmpdir(), "s2-video-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const absent = spawnSync("ffmpeg", ["-version"]).error !== undefined;
const [width, height, perSecond] = [40, 24, 10];

/** Three seconds of ten pictures each, the i-th gray of 8·i, without loss. */
function draw(name: string): string {
  const path = join(folder, name);
  const pictures = Buffer.concat(Array.from({ length: 30 }, (_, i) => Buffer.alloc(width * height * 3, 8 * i)));
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", String(perSecond), "-i", "pipe:0"];
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", ...input, "-c:v", "png", path], { input: pictures });
  expect([status, String(stderr)]).toEqual([0, ""]);
  return path;
}

describe.skipIf(absent)(`with ffmpeg${absent ? " (skipped: ffmpeg is not on PATH)" : ""}`, () => {
  const frames = async (path: string, options: VideoOptions) => {
    const seen: { time: number; shown: number }[] = [];
    for await (const { time, image } of videoFrames(path, options)) {
      expect([image.width, image.height, image.data.length, image.source]).toEqual([width, height, width * height * 3, path]);
      expect(new Set(image.data).size).toBe(1);
      seen.push({ time, shown: image.data[0] / 8 });
    }
    return seen;
  };

  it.each([1, 0.5, 0.37, 0.04, 10])("every %f s is the picture that is shown then, from the first to the end", async (every) => {
    const seen = await frames(draw(`${every}.mov`), { every });
    expect(seen.length).toBe(Math.ceil(3 / every - 1e-9));
    seen.forEach(({ time, shown }, i) => {
      expect(time).toBe(i * every);
      expect(shown).toBe(Math.floor(time * perSecond + 1e-6));
    });
  });

  it("who stops early stops ffmpeg", async () => {
    const [path, noted, wrapper] = [draw("long.mov"), join(folder, "pid"), join(folder, "noting-ffmpeg")];
    writeFileSync(wrapper, `#!/bin/sh\necho $$ > "${noted}"\nexec ffmpeg -stream_loop -1 "$@"\n`, { mode: 0o755 });
    for await (const { time } of videoFrames(path, { every: 0.1, ffmpeg: wrapper })) if (time > 5) break; // it would never end
    const isAlive = () => spawnSync("kill", ["-0", readFileSync(noted, "utf8").trim()]).status === 0;
    await expect.poll(isAlive).toBe(false);
  });

  it("an abort ends it with its reason", async () => {
    const control = new AbortController();
    const run = async () => {
      for await (const { time } of videoFrames(draw("abort.mov"), { every: 0.1, signal: control.signal }))
        if (time > 0.15) control.abort(new Error("enough"));
    };
    await expect(run()).rejects.toThrow("enough");
  });

  it("a file that is no video is refused with what ffmpeg says", async () => {
    const path = join(folder, "text.mov");
    writeFileSync(path, "no video");
    await expect(frames(path, {})).rejects.toMatchObject({ code: "video", message: expect.stringContaining("Invalid data") });
  });

  it("features carry the frames' times, each frame planned as an image of its shape", async () => {
    const preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1, filter: "bicubic" } as const;
    const gray = ({ dims: [n], data }: Tensor): Tensor => ({
      dims: [n, 4, 1],
      data: Float32Array.from({ length: n * 4 }, (_, i) => data[Math.floor(i / 4) * (data.length / n)]),
    });
    const model = Object.assign(gray, { traits: { imageSize: [8, 8], patchSize: 4, prefixTokens: 0 } as const, preprocessing });
    const got: unknown[] = [];
    for await (const { time, features } of extractVideo(model, draw("features.mov"), { scales: [1, 2], every: 1, fit: "squash" }))
      got.push([time, ...features.dims, features.data[0], features.data[1]]);
    expect(got).toEqual([
      [0, 1, 4, 2, 0, 0],
      [1, 1, 4, 2, 80, 80],
      [2, 1, 4, 2, 160, 160],
    ]);
  });
});

describe("without a decoder", () => {
  const first = (path: string, options: VideoOptions) => videoFrames(path, options).next();
  const here = new URL(import.meta.url).pathname;

  it("the refusal says how to get one", async () => {
    await expect(first(here, { ffmpeg: "no-such-ffmpeg" })).rejects.toMatchObject({
      code: "ffmpeg-missing",
      message: expect.stringContaining("apt install ffmpeg"),
    });
  });

  it("a wrong path and a wrong step are refused before it is started", async () => {
    await expect(first(join(folder, "none.mp4"), { ffmpeg: "no-such-ffmpeg" })).rejects.toMatchObject({ code: "video" });
    await expect(first(here, { every: 0 })).rejects.toMatchObject({ code: "option" });
  });
});
