/** `s2 similar` as a user meets it: the image that looks like this one, the place in it, and a picture where this very image is alike. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { drawImage, s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(["similar", ...args], { cwd: folder });
const notes = expect.stringMatching(/^(note: LanceDB is not installed.*\n)?$/);
const inImages = (image: string, ...args: string[]) => run(image, "--in", "photos", ...tiny, ...args);

beforeAll(async () => {
  mkdirSync(join(folder, "photos"));
  for (let i = 1; i <= 6; i++) await drawImage(join(folder, `photos/${i}.png`), 96, 64, 1000 * i);
  // A part of image 4, at 32,32, alone on gray: what a detail on another image is.
  const part = await sharp(join(folder, "photos/4.png")).extract({ left: 32, top: 32, width: 32, height: 32 }).toBuffer();
  const gray = sharp({ create: { width: 96, height: 64, channels: 3, background: "#808080" } });
  await gray.composite([{ input: part, left: 64, top: 0 }]).toFile(join(folder, "detail.png"));
  cpSync(join(folder, "photos/2.png"), join(folder, "copy.png"));
});

describe("in other images", () => {
  it("names those that look alike, best first, and does not name the image itself", async () => {
    const { status, out, err } = await inImages("copy.png", "--top", "3");
    expect([status, err]).toEqual([
      0,
      expect.stringMatching(/^(note: LanceDB is not installed.*\n)?6 images in the index: 6 added\n$/),
    ]);
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe("1.000  photos/2.png");
    const { out: others } = await inImages("photos/2.png", "--pooling", "cls+mean");
    expect([others.split("\n").length, others.includes("photos/2.png")]).toEqual([6, false]);
  });

  it("finds a place in them, with its box, and says in JSON what was indexed", async () => {
    const { status, out } = await inImages(
      "detail.png",
      "--box",
      "64,0,32,32",
      "--window",
      "2",
      "--scales",
      "1",
      "--fit",
      "keep",
      "--json",
    );
    expect(status).toBe(0);
    const { image, box, hits, index } = JSON.parse(out);
    expect([image, box]).toEqual(["detail.png", { left: 64, top: 0, width: 32, height: 32 }]);
    expect(index).toEqual({ added: 6, kept: 0, removed: 0, failed: 0 });
    expect(hits).toHaveLength(6);
    expect(hits[0]).toMatchObject({ image: "photos/4.png", size: [64, 96], box: { left: 32, top: 32, width: 32, height: 32 } });
  });

  it("writes a page of the hits with their boxes, which loads nothing and links to the files", async () => {
    const { status, out } = await inImages(
      "copy.png",
      "--at",
      "40,20",
      "--scales",
      "1",
      "--store",
      "paged",
      "--html",
      "pages/hits.html",
    );
    expect(status).toBe(0);
    const page = readFileSync(join(folder, "pages/hits.html"), "utf8");
    expect(page.match(/<figure/g)).toHaveLength(7); // the image itself and six hits
    const [, x, y, width, height] = /(\d+),(\d+) (\d+)x(\d+)/.exec(out)!;
    expect(page.match(/<rect class="box"[^>]*>/g)![1]).toBe(
      `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}"/>`,
    );
    expect(page).toContain('href="../photos/2.png"');
    expect(page.match(/(?:src|href)="(?!data:|\.\.\/)[^"]*"/g)).toBeNull();
  });

  it("makes the index alone when no image is given, and again when nothing is new", async () => {
    const index = (...args: string[]) => run("--in", "photos", ...tiny, "--scales", "1", "--store", "alone", ...args);
    expect(await index()).toMatchObject({ status: 0, out: "6 images in the index: 6 added\n", err: notes });
    expect(await index()).toMatchObject({ status: 0, out: "6 images in the index: 6 kept\n" });
  });

  it("follows the folder: what is new is added, what is gone removed, a broken file said with status 1", async () => {
    const args = ["--at", "10,10", "--scales", "1", "--json"];
    const indexed = async () => {
      const { status, out, err } = await inImages("copy.png", ...args);
      return { status, err, index: JSON.parse(out).index };
    };
    expect((await indexed()).index).toEqual({ added: 6, kept: 0, removed: 0, failed: 0 });
    expect((await indexed()).index).toEqual({ added: 0, kept: 6, removed: 0, failed: 0 });
    cpSync(join(folder, "photos/6.png"), join(folder, "photos/7.png"));
    rmSync(join(folder, "photos/6.png"));
    writeFileSync(join(folder, "photos/bad.jpg"), "no image");
    expect(await indexed()).toMatchObject({
      ...{ status: 1, index: { added: 1, kept: 5, removed: 1, failed: 1 } },
      err: expect.stringMatching(/^failed: .*bad\.jpg/m),
    });
    rmSync(join(folder, "photos/bad.jpg"));
  });

  it("searches an index that is there, and refuses it to another way of looking", async () => {
    await inImages("copy.png", "--scales", "1", "--store", "own");
    const home = join(folder, "own", readdirSync(join(folder, "own")).find((name) => name.startsWith("photos-"))!);
    const index = join(home, readdirSync(home).find((name) => name.startsWith("index-"))!);
    const { status, out } = await run("copy.png", "--in", index, ...tiny, "--scales", "1", "--top", "1");
    expect([status, out]).toEqual([0, "1.000  2.png\n"]);
    const other = await run("copy.png", "--in", index, ...tiny, "--scales", "1,2");
    expect([other.status, other.err]).toEqual([
      2,
      expect.stringMatching(/^error: The index was made with the plan \{"fit":"whole","fusion":"bilinear","scales":\[1\],/),
    ]);
  });

  it("without LanceDB keeps the index in one file, says so, and finds the same", async () => {
    const env = { NODE_OPTIONS: `--import ${new URL("without-lancedb.mjs", import.meta.url)}` };
    const without = (...args: string[]) =>
      s2Process(["similar", "copy.png", ...tiny, "--scales", "1", ...args], { cwd: folder, env });
    const args = ["--in", "photos", "--at", "40,20", "--store", "one"];
    const first = await without(...args);
    expect(first.err).toBe(
      "note: LanceDB is not installed; the index is one file, searched in memory.\n6 images in the index: 6 added\n",
    );
    const again = await without(...args, "--json", "--quiet");
    expect([again.err, JSON.parse(again.out).index]).toEqual(["", { added: 0, kept: 6, removed: 0, failed: 0 }]);
    expect(first.out).toBe((await inImages("copy.png", "--scales", "1", "--at", "40,20")).out);
    const home = join(folder, "one", readdirSync(join(folder, "one"))[0]);
    const file = join(home, readdirSync(home).find((name) => name.endsWith(".safetensors"))!);
    const direct = await without("--in", file, "--at", "40,20");
    expect(direct.out).toBe(first.out.replaceAll("photos/", ""));
    const lance = await without("--in", "db://images");
    expect([lance.status, lance.err]).toEqual([2, expect.stringContaining("run npm install @lancedb/lancedb")]);
  });
});

describe("in the image itself", () => {
  it("draws the image and a panel of heat for each set of scales", async () => {
    const { status, out, err } = await run("photos/1.png", "--at", "40,20", ...tiny, "--scales", "1,2");
    expect([status, err]).toEqual([0, ""]);
    expect(out).toBe(
      "photos/1.png -> features/1.similar.png  8x12 regions; 2 panels of heat: the first scale, then one more each\n",
    );
    const { width, height } = await sharp(join(folder, "features/1.similar.png")).metadata();
    expect([width, height]).toEqual([3 * 672 + 2 * 8, 448]);
  });

  it("takes a box and a file to write, tells JSON, and never overwrites the image", async () => {
    const { out } = await run("photos/1.png", "--box", "8,8,30,20", ...tiny, "--out", "heat/a.png", "--json");
    expect(JSON.parse(out)).toEqual({
      ...{ image: "photos/1.png", box: { left: 8, top: 8, width: 30, height: 20 } },
      ...{ picture: "heat/a.png", grid: { rows: 8, cols: 12 } },
    });
    expect(existsSync(join(folder, "heat/a.png"))).toBe(true);
    const { status, err } = await run("photos/1.png", "--at", "1,1", ...tiny, "--out", "photos/1.png");
    expect([status, err]).toEqual([2, expect.stringContaining("would overwrite the image")]);
  });
});

describe("what cannot be done is said", () => {
  it.each([
    [["copy.png", ...tiny], 2, "Give --in FOLDER for other images, or --at x,y for this one."],
    [["copy.png", ...tiny, "--at", "1"], 2, "Expected x,y in the image's pixels"],
    [["copy.png", ...tiny, "--box", "1,2,3,0"], 2, "Expected left,top,width,height"],
    [["copy.png", ...tiny, "--at", "1,1", "--box", "1,2,3,4"], 2, "cannot be used with option '--box"],
    [["copy.png", ...tiny, "--at", "97,1"], 2, "outside what the model saw: 0 to 96 across"],
    [["copy.png", ...tiny, "--in", "photos", "--out", "a.png"], 2, "Give --html FILE for a page"],
    [["copy.png", ...tiny, "--at", "1,1", "--html", "a.html"], 2, "Give --in FOLDER too"],
    [["copy.png", ...tiny, "--in", "photos", "--html", "photos/1.png"], 2, "expected a name that ends in .html"],
    [["--in", "photos", ...tiny, "--at", "1,1"], 2, "There is no image to search for."],
    [["copy.png", ...tiny, "--in", "photos", "--dynamic"], 2, "leave out --dynamic"],
    [["none.png", ...tiny, "--at", "1,1"], 4, "none.png"],
    [["copy.png", ...tiny, "--in", "nowhere"], 4, "nowhere"],
  ])("s2 similar %j", async (args, status, said) => {
    const ended = await run(...args);
    expect([ended.status, ended.err]).toEqual([status, expect.stringContaining(said)]);
    expect(ended.err).not.toMatch(/^ +at /m);
  });
});
