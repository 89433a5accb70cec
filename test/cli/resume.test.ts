/** Interrupted runs: the files that they leave, and how the next run continues. */
import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/tensors/index.ts";
import { drawImage, s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(["extract", ...args, ...tiny], { cwd: folder });
const images = ["a.png", "b.png", "c.png"];

/** The images that were made anew. */
async function redone(...args: string[]): Promise<string[]> {
  const { status, out } = await run(...images, "--resume", "--json", ...args);
  expect(status).toBe(0);
  const lines = out.trim().split("\n");
  const seen = lines.map((line) => JSON.parse(line) as { image: string; skipped?: boolean });
  expect(seen.map(({ image }) => image).sort()).toEqual(images);
  return seen.filter(({ skipped }) => !skipped).map(({ image }) => image);
}

beforeAll(async () => {
  for (const [i, name] of images.entries()) await drawImage(join(folder, name), 96, 64, 100 * i);
});

describe.each(["safetensors", "npy"])("--resume with %s", (format) => {
  const out = ["--format", format, "--out", format];
  const file = (name: string) => join(folder, format, `${name}.${format}`);

  it("makes what is missing, cut short, of another image or made with other options, and nothing else", async () => {
    expect(await redone(...out)).toEqual(images);
    const before = statSync(file("a")).mtimeMs;
    expect(await redone(...out)).toEqual([]);
    expect(statSync(file("a")).mtimeMs).toBe(before);

    truncateSync(file("b"), statSync(file("b")).size - 4);
    // Another image of the same size and time is another image; the same one with a new time is not.
    const { atime, mtime } = statSync(join(folder, "c.png"));
    await drawImage(join(folder, "c.png"), 96, 64, 1000 * format.length);
    utimesSync(join(folder, "c.png"), atime, mtime);
    utimesSync(join(folder, "a.png"), atime, new Date(0));
    expect(await redone(...out)).toEqual(["b.png", "c.png"]);
    const bytes = readFileSync(file("a"));
    bytes[bytes.length - 9] ^= 1;
    writeFileSync(file("a"), bytes);
    expect(await redone(...out)).toEqual(["a.png"]);
    expect(await redone(...out, "--scales", "1")).toEqual(images);
    expect(await redone(...out, "--scales", "1", "--threads", "1")).toEqual([]); // the numbers do not depend on it
    expect(await redone(...out, "--scales", "1", "--picture")).toEqual(images);
    expect(await redone(...out, "--scales", "1", "--picture")).toEqual([]);
  });
});

it("Ctrl-C ends with 130 and leaves whole files only", async () => {
  const many = Array.from({ length: 40 }, (_, i) => join(folder, `many-${i}.png`));
  for (const [i, path] of many.entries()) await drawImage(path, 480, 320, i);
  const { status, out } = await s2Process(["extract", ...many, ...tiny, "--scales", "1,4,8", "--out", join(folder, "stopped")], {
    onOut: (out, interrupt) => out.includes("many-1.png") && interrupt(),
  });
  expect(status).toBe(130);
  const left = readdirSync(join(folder, "stopped"));
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(many.length);
  expect(left.length).toBeGreaterThanOrEqual(out.trim().split("\n").length);
  for (const name of left) {
    expect(name).toMatch(/^many-\d+\.safetensors$/); // no temporary file
    expect(readSafetensors(readFileSync(join(folder, "stopped", name))).tensors.features.dims[0]).toBe(1);
  }
});
