/** The episodes that the playground replays: poses unpack to what was recorded, and the committed file says what the experiment's results say. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { makeRandom } from "s2-vision/train";
import { describe, expect, it } from "vitest";
import { type EpisodeFile, posesOf } from "../src/robot/episode-file.ts";
import { POSE } from "../src/robot/geometry.ts";
import { fromParents, packPoses, UNITS, unpackPoses } from "../src/robot/packed-poses.ts";
import { placements } from "../src/robot/placements.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
const text = read("playground/robot/episodes.json");
const file: EpisodeFile = JSON.parse(text);

it("poses unpack to those that were packed, within half a unit in the parent's frame", () => {
  const random = makeRandom(3);
  const parents = [0, 0, 1, 2, 2];
  const still = [0, 0, 0, 1, 0, 0, 0];
  const poses = Array.from({ length: 9 }, (_, step) =>
    parents.flatMap((_, body) => {
      if (body === 0) return still;
      const angle = 0.7 * step * body;
      const sign = random() < 0.5 ? -1 : 1; // the same turn
      const quaternion = [Math.cos(angle), 0.6 * Math.sin(angle), 0, 0.8 * Math.sin(angle)].map((value) => sign * value);
      return [random(), random(), 3, ...quaternion];
    }),
  );
  const unpacked = unpackPoses(JSON.parse(JSON.stringify(packPoses(poses, parents))), parents);
  expect(unpacked.length).toBe(poses.length);
  for (const [step, pose] of unpacked.entries()) {
    const [given, found] = [fromParents(poses[step], parents), fromParents(pose, parents)];
    for (let at = 0; at < given.length; at += POSE) {
      for (let i = at; i < at + 3; i++) expect(Math.abs(found[i] - given[i])).toBeLessThanOrEqual(0.501 / UNITS.position);
      let cosine = 0;
      for (let i = at + 3; i < at + POSE; i++) cosine += found[i] * given[i];
      expect(2 * Math.acos(Math.min(1, Math.abs(cosine)))).toBeLessThanOrEqual(2 / UNITS.quaternion); // 4 numbers, each within half a unit
    }
  }
});

it("only numbers that change are kept as differences", () => {
  const poses = [0, 0.1, 0.3].map((x) => [0, 0, 0, 1, 0, 0, 0, x, 0.2, 0, 1, 0, 0, 0]);
  expect(packPoses(poses, [0, 0]).changes).toEqual({ 7: [1000, 1000] });
});

describe("playground/robot/episodes.json; if not, run research/src/robot/write-episodes.ts", () => {
  it("is small, and replays the first test placements in their order", () => {
    expect(gzipSync(text, { level: 9 }).length).toBeLessThan(30_000);
    expect(file.replayed).toEqual(placements(file.replayed.length, 2));
    expect(file.placements).toEqual(placements(200, 2).map(({ x, y }) => [Math.round(1000 * x), Math.round(1000 * y) + 0]));
  });

  it("has poses that end as the experiment says: the cube is lifted, or it is not", () => {
    const cubeBody = file.geometries.find(({ name }) => name === "cube")!.body;
    for (const { features, outcomes, episodes } of file.conditions) {
      expect(outcomes.length).toBe(file.placements.length);
      expect(episodes.length).toBe(file.replayed.length);
      for (const [i, episode] of episodes.entries()) {
        const poses = posesOf(file, episode);
        const heights = poses.map((pose) => pose[POSE * cubeBody + 2]);
        const name = `${features}, placement ${i + 1}`;
        // Poses are those before the last 4 ms, in which a cube rises by less than 2 mm; an episode ends when it is 0.1 m high.
        expect(heights.at(-1)! > 0.098, name).toBe(outcomes[i] === "picked");
        expect(Math.max(...heights.slice(0, -1)), name).toBeLessThan(0.1);
        expect(poses.length === 65, name).toBe(outcomes[i] === "late");
        const [x, y] = poses[0].subarray(POSE * cubeBody);
        const { x: trueX, y: trueY } = file.replayed[i];
        expect(Math.hypot(x - trueX, y - trueY), name).toBeLessThan(2e-4);
        expect(Math.hypot(episode.found.x - trueX, episode.found.y - trueY), name).toBeCloseTo(episode.error, 3);
      }
    }
  });

  it("has the scores of research/results/robot.json", () => {
    const { tables } = JSON.parse(read("research/results/robot.json"));
    const [{ columns, rows }] = tables;
    for (const { features, success } of [...file.conditions, file.control]) {
      const row = rows.find(([name]: [string]) => name === features);
      const its = row[columns.indexOf("localizing policy")];
      for (const figure of ["value", "low", "high"] as const) expect(its[figure], features).toBeCloseTo(success[figure], 2);
    }
  });
});
