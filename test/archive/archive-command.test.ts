/** `s2 archive` as users run it: from a folder to a search, several processes, job arrays, metrics. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { s2, s2Process, tiny } from "../cli/s2.ts";
import { drawFolder, drawPng, filesIn, scratch } from "./drawn-archive.ts";

const cwd = scratch();
drawFolder(join(cwd, "photos"), 29, 1);
const begin = (store: string, ...more: string[]) => [
  ...["archive", "add", "photos", "--to", store, "--shard-size", "5", "--scales", "1", ...tiny, "--prefix-tokens", "1"],
  ...["--threads", "1", ...more],
];
const statusOf = async (store: string) => JSON.parse((await s2(["archive", "status", store, "--json"], { cwd })).out);

it("add plans and extracts, names the photo that cannot be read, and again adds what is new", async () => {
  const first = await s2(begin("a", "--metrics", "metrics.prom"), { cwd });
  expect(first.status).toBe(1);
  expect(first.err).toMatch(/planned 30 images in 6 shards\n.*damaged-0\.jpg" is not an image/s);
  expect(first.out).toMatch(/^30 of 30 images done \(6 of 6 shards\), \d+\.\d images a second\n$/);
  const metrics = readFileSync(join(cwd, "metrics.prom"), "utf8");
  expect(metrics).toContain('s2_archive_images{state="committed"} 30');
  for (const line of metrics.trim().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE) s2_archive_\w+ .+|s2_archive_\w+(\{state="\w+"\})? \d+(\.\d+)?)$/);
  writeFileSync(join(cwd, "photos/new.png"), drawPng(77));
  const second = await s2(["archive", "add", "photos", "--to", "a"], { cwd });
  expect([second.status, second.err]).toEqual([0, "planned 1 images in 1 shards; 30 were there before\n"]);
  const verified = await s2(["archive", "verify", "a"], { cwd });
  expect(verified.status).toBe(1);
  expect(verified.out).toMatch(/^failed: .*damaged-0\.jpg.*\n30 images stored, 1 reported, 0 twice; 0 shards damaged, 0 left;/);
  const found = await s2(["archive", "search", "a", "photos/003.png", "--top", "2", "--json"], { cwd });
  const { hits } = JSON.parse(found.out);
  expect(hits).toHaveLength(2);
  expect(hits[0].score).toBeGreaterThanOrEqual(hits[1].score);
});

describe("resume", () => {
  it("shares the work among processes", async () => {
    await s2(begin("b", "--plan-only"), { cwd });
    expect((await statusOf("b")).shards).toMatchObject({ committed: 0 });
    const { status, err } = await s2Process(["archive", "resume", "b", "--workers", "2"], { cwd });
    expect([status, err.match(/error.*/)]).toEqual([1, null]); // the photo that cannot be read
    expect((await statusOf("b")).images).toMatchObject({ committed: (await statusOf("b")).images.planned, remaining: 0 });
  });

  it.each([
    ["Slurm", (i: number) => ({ SLURM_ARRAY_TASK_ID: String(i + 3), SLURM_ARRAY_TASK_MIN: "3", SLURM_ARRAY_TASK_COUNT: "2" })],
    ["Kubernetes", (i: number) => ({ JOB_COMPLETION_INDEX: String(i), JOB_COMPLETIONS: "2" })],
  ])("takes the shards of a task of %s", async (name, env) => {
    await s2(begin(name, "--plan-only"), { cwd });
    for (const i of [0, 1]) {
      await s2Process(["archive", "resume", name, "--shard", "auto", "--quiet"], { cwd, env: env(i) });
      const { committed, planned } = (await statusOf(name)).shards;
      expect(committed).toBe(i === 0 ? Math.ceil(planned / 2) : planned);
    }
  });

  it.each([
    ["--shard", "3/3", /Expected i\/n/],
    ["--shard", "auto", /SLURM_ARRAY_TASK_ID/],
    ["--metrics-port", "x", /a port, or HOST:PORT/],
    ["--model", "nowhere.onnx", /nowhere\.onnx/],
  ])("refuses %s %s", async (flag, value, message) => {
    const { status, err } = await s2(["archive", "resume", "a", flag, value], { cwd });
    expect([2, 3]).toContain(status);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/unexpected/);
  });

  it("says that there is no archive, and how to begin one", async () => {
    const { status, err } = await s2(["archive", "resume", "nothing"], { cwd });
    expect([status, err]).toEqual([2, expect.stringMatching(/^error: There is no archive at nothing .*s2 archive add/)]);
  });
});

it("verify finds a damaged shard; with --repair and resume the archive is whole again", async () => {
  await s2(begin("c", "--format", "parquet"), { cwd });
  appendFileSync(join(cwd, "c/shards", filesIn(join(cwd, "c"), "shards")[0]), "x");
  const { out } = await s2(["archive", "verify", "c", "--repair", "--json"], { cwd });
  expect(JSON.parse(out)).toMatchObject({ remaining: 1, damaged: [{ reason: expect.stringMatching(/damaged/) }] });
  await s2(["archive", "resume", "c", "--quiet"], { cwd });
  expect(JSON.parse((await s2(["archive", "verify", "c", "--json"], { cwd })).out)).toMatchObject({ remaining: 0, damaged: [] });
});
