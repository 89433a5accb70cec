/** Recordings of robot episodes can be read again and filmed without the simulator. */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeFilm } from "../src/robot/encode-film.ts";
import { type Environment, openEnvironment, placements } from "../src/robot/environment.ts";
import { CAPTION, filmFrames } from "../src/robot/film-frames.ts";
import { type Recording, readRecording, recordEpisode, writeRecording } from "../src/robot/record.ts";
import { posesAt } from "../src/robot/replay.ts";
import { tempFolder } from "./commands.ts";

const folder = tempFolder();
const SIDE = 64;
let environment: Environment;
let recording: Recording;
beforeAll(async () => {
  environment = await openEnvironment();
  const episode = await recordEpisode(environment, placements(1, 2)[0], ({ expert }) => expert());
  recording = { name: "expert", geometries: environment.geometries, episodes: [episode] };
});
afterAll(() => environment.close());

it("a recording has the poses of the start and of each step, and reads back", () => {
  const path = join(folder, "expert.json");
  writeRecording(path, recording);
  const { name, episodes } = readRecording(path);
  expect([name, episodes]).toEqual(["expert", recording.episodes]);
  expect(episodes[0].outcome).toBe("picked");
  expect(episodes[0].poses.length).toBe(environment.step + 1);
  expect([...posesAt(episodes[0], 99)]).toEqual(Array.from(environment.poses(), (value) => expect.closeTo(value, 3)));
  writeFileSync(path, '{"episodes":[{"poses":[[1,2]]}]}');
  expect(() => readRecording(path)).toThrow("expected a recording");
});

it("poses between two steps are in the middle, with quaternions of length 1 on the shorter way", () => {
  const start = [0, 0, 0, 1, 0, 0, 0];
  const end = [1, 2, 4, 0, 0, 0, -1].map((value) => -value); // a half turn, and the same as its negative
  const episode = { ...recording.episodes[0], poses: [start, end, [0, 0, 0, -1, 0, 0, 0]] };
  const half = Math.SQRT1_2;
  expect([...posesAt(episode, 0.5)]).toEqual([-0.5, -1, -2, half, 0, 0, half].map((value) => expect.closeTo(value, 9)));
  expect([...posesAt({ ...episode, poses: [start, episode.poses[2]] }, 0.5)]).toEqual(
    start.map((value) => expect.closeTo(value, 9)),
  );
});

it("a frame shows each recording's own scene below its caption", async () => {
  const [{ placement, poses }] = recording.episodes;
  const still: Recording = { ...recording, name: "still", episodes: [{ placement, outcome: "late", poses: poses.slice(0, 1) }] };
  const frames = [];
  for await (const frame of filmFrames([recording, still], { side: SIDE, rate: 1, episodes: 1 })) frames.push(frame);
  expect(frames.length).toBe(Math.ceil((poses.length - 1) / 10 + 0.8));
  expect(frames.every(({ length }) => length === 3 * 2 * SIDE * (SIDE + CAPTION))).toBe(true);
  environment.start(placement);
  const { data } = environment.picture(SIDE);
  const last = frames.at(-1) as Buffer;
  const difference = (panel: number) => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      const [y, x] = [Math.floor(i / (3 * SIDE)), i % (3 * SIDE)];
      sum += Math.abs(last[(2 * (CAPTION + y) + panel) * 3 * SIDE + x] - data[i]);
    }
    return sum / data.length;
  };
  expect(difference(1)).toBeLessThan(0.1); // poses are rounded to 0.1 mm
  expect(difference(0)).toBeGreaterThan(5);
});

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
it.skipIf(!hasFfmpeg)(
  "a film is there once it is complete; without a frame, or after an error, nothing is (needs ffmpeg)",
  async () => {
    const size = [SIDE, SIDE + CAPTION] as const;
    await encodeFilm(filmFrames([recording], { side: SIDE, rate: 2, episodes: 1 }), join(folder, "a.gif"), ...size);
    await encodeFilm(filmFrames([recording], { side: SIDE, rate: 2, episodes: 1 }), join(folder, "a.mp4"), ...size);
    const fails = async function* () {
      yield Buffer.alloc(3 * SIDE * (SIDE + CAPTION));
      throw new Error("no more frames");
    };
    await expect(encodeFilm(fails(), join(folder, "b.mp4"), ...size)).rejects.toThrow("no more frames");
    await expect(encodeFilm(fails(), join(folder, "none", "b.mp4"), ...size)).rejects.toThrow();
    await expect(encodeFilm(fails(), join(folder, "b.avi"), ...size)).rejects.toThrow(".mp4 or .gif");
    expect(
      readdirSync(folder)
        .filter((name) => !name.endsWith(".json"))
        .sort(),
    ).toEqual(["a.gif", "a.mp4"]);
  },
);
