/** `s2 duplicates` as a user meets it: copies of photos in two folders are grouped, and nothing is changed. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(["duplicates", ...args, ...tiny, "--prefix-tokens", "1"], { cwd: folder });

beforeAll(async () => {
  for (const name of ["photos", "backup"]) mkdirSync(join(folder, name));
  for (let i = 1; i <= 4; i++) {
    // Coarse random blocks: a picture that a smaller or recompressed copy still shows.
    const data = Uint8Array.from({ length: 12 * 8 * 3 }, (_, at) => (Math.imul(at + 1000 * i, 2654435761) >>> 24) & 255);
    const image = sharp(data, { raw: { width: 12, height: 8, channels: 3 } }).resize(480, 320, { kernel: "cubic" });
    await image.jpeg({ quality: 95 }).toFile(join(folder, `photos/${i}.jpg`));
  }
  copyFileSync(join(folder, "photos/1.jpg"), join(folder, "backup/one.jpg"));
  await sharp(join(folder, "photos/2.jpg")).png().toFile(join(folder, "backup/two.png"));
  await sharp(join(folder, "photos/3.jpg")).resize(240).jpeg({ quality: 60 }).toFile(join(folder, "backup/three.jpg"));
});

it("groups the same bytes, the same pixels and a smaller copy, in words, as JSON and as a page", async () => {
  const all = () => readdirSync(folder, { recursive: true, encoding: "utf8" });
  const before = all();
  const { status, out, err } = await s2Process(
    ["duplicates", "photos", "backup", "--min-similarity", "0", "--html", "out/dup.html", ...tiny, "--prefix-tokens", "1"],
    { cwd: folder },
  );
  expect([status, err]).toEqual([0, ""]);
  expect(out.split("\n").map((line) => line.replace(/, [\d.]+ kB|similarity [\d.]+, \d+ of 128 bits differ/g, "..."))).toEqual([
    "backup/two.png  keep, 480x320...",
    "  photos/2.jpg  same pixels, 480x320...",
    "photos/3.jpg  keep, 480x320...",
    "  backup/three.jpg  near: ..., 240x160...",
    "photos/1.jpg  keep, 480x320...",
    "  backup/one.jpg  same bytes, 480x320...",
    expect.stringMatching(/^3 groups among 7 images: 3 images \(\d+ kB\) beside those to keep; nothing was deleted$/),
    "",
  ]);
  const page = readFileSync(join(folder, "out/dup.html"), "utf8");
  expect([page.match(/<figure/g)?.length, page.match(/<figure class="marked"/g)?.length]).toEqual([6, 3]);
  const { groups, images, failed } = JSON.parse((await run("photos", "backup", "--min-similarity", "0", "--json")).out);
  expect([images, failed, groups.map(({ kind }: { kind: string }) => kind)]).toEqual([7, 0, ["exact", "near", "exact"]]);
  expect(groups[2].images[1]).toMatchObject({ image: "backup/one.jpg", relation: "same bytes", size: [320, 480], difference: 0 });
  const added = all().filter((name) => !before.includes(name));
  expect(added.filter((name) => !/^(features|out)/.test(name))).toEqual([]);
});

it("decodes and runs nothing twice; a damaged hash is made again", async () => {
  const files = () =>
    readdirSync(join(folder, "features"), { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, "features", name))
      .filter((path) => statSync(path).isFile());
  const times = () => files().map((path) => statSync(path).mtimeMs);
  const [first, before] = [(await run("photos")).out, times()];
  expect((await run("photos")).out).toBe(first);
  expect(times()).toEqual(before);
  const signature = files().find((path) => path.includes("signatures"))!;
  const text = readFileSync(signature, "utf8");
  writeFileSync(signature, text.slice(0, 100));
  await run("photos", "backup");
  expect(readFileSync(signature, "utf8")).toBe(text);
});

it("names images that cannot be read, and what is not allowed", async () => {
  writeFileSync(join(folder, "backup/bad.jpg"), "no image");
  const broken = await run("photos", "backup", "nowhere");
  expect(broken).toMatchObject({ status: 1, err: expect.stringMatching(/^failed: .*bad\.jpg.*\nfailed: .*nowhere/) });
  expect(await run("nowhere")).toMatchObject({ status: 4, out: "" });
  expect(await run("photos", "--max-difference", "200")).toMatchObject({
    ...{ status: 2, err: expect.stringContaining("Expected a whole number from 0 to 128.") },
  });
  expect(await run("photos", "--html", "photos/1.jpg")).toMatchObject({
    status: 2,
    err: expect.stringContaining("ends in .html"),
  });
});
