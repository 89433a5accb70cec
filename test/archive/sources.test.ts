/** Sources of an archive: every kind is planned into shards, appended images are found, and nothing is planned twice. */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parquetWriteFile } from "hyparquet-writer";
import tar from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addToArchive } from "../../dist/archive/index.js";
import { findSources } from "../../dist/archive/sources.js";
import type { Model } from "../../dist/runtimes/node/index.js";
import { drawFolder, drawPng, loadOptions, loadTiny, scratch } from "./drawn-archive.ts";

const folder = scratch();
const photos = drawFolder(join(folder, "photos"), 5);
let model: Model;
beforeAll(async () => void (model = await loadTiny()));
afterAll(() => model.dispose());

const long = `${"very-long-folder/".repeat(8)}image.png`;

async function packTar(path: string, members: readonly [name: string, bytes: Uint8Array][]): Promise<string> {
  const pack = tar.pack();
  for (const [name, bytes] of members) pack.entry({ name }, Buffer.from(bytes));
  pack.finalize();
  await pipeline(pack, createWriteStream(path));
  return path;
}

describe("findSources", () => {
  const imagesOf = async (...sources: string[]) => (await findSources(sources, 2)).lists.map(({ images }) => images?.length);

  it("splits a folder, a glob and a list into shards, paths of a list starting at its folder", async () => {
    expect(await imagesOf(photos)).toEqual([2, 2, 1]);
    expect(await imagesOf(join(folder, "photos", "00[0-2].png"))).toEqual([2, 1]);
    writeFileSync(join(folder, "list.csv"), "label,Image_Path\nhat,photos/000.png\n\nshoe,photos/001.png\n");
    const { lists } = await findSources([join(folder, "list.csv")]);
    expect(lists).toEqual([{ images: [join(photos, "000.png"), join(photos, "001.png")] }]);
    writeFileSync(join(folder, "list.txt"), `${photos}/000.png\nphotos/a name, with a comma.png\n`);
    expect((await findSources([join(folder, "list.txt")])).lists[0].images?.length).toBe(2);
  });

  it("reads the paths of a Parquet file", async () => {
    const path = join(folder, "list.parquet");
    const columnData = [
      { name: "label", data: ["a", "b"] },
      { name: "file", data: ["photos/000.png", "photos/003.png"] },
    ];
    parquetWriteFile({ filename: path, columnData });
    expect((await findSources([path])).lists).toEqual([{ images: [join(photos, "000.png"), join(photos, "003.png")] }]);
  });

  it("finds members of tar files with long names, by tar-stream and by GNU tar", async () => {
    const made = await packTar(join(folder, "a.tar"), [
      ["000.png", drawPng(0)],
      ["000.json", Buffer.from("{}")],
      [long, drawPng(1)],
      ["ümlaut/2.png", drawPng(2)],
    ]);
    const below = join(folder, "gnu", long);
    mkdirSync(join(below, ".."), { recursive: true });
    writeFileSync(below, drawPng(1));
    execFileSync("tar", ["--format=gnu", "-cf", join(folder, "b.tar"), "-C", join(folder, "gnu"), "."]);
    for (const [path, names] of [
      [made, ["000.png", long, "ümlaut/2.png"]],
      [join(folder, "b.tar"), [`./${long}`]],
    ] as const) {
      const [list] = (await findSources([path])).lists;
      expect(list.members?.map(([name]) => name)).toEqual(names);
      const file = readFileSync(path);
      for (const [name, begin, length] of list.members ?? [])
        expect([
          name,
          file
            .subarray(begin, begin + length)
            .subarray(1, 4)
            .toString(),
        ]).toEqual([name, "PNG"]);
    }
    writeFileSync(join(folder, "cut.tar"), readFileSync(made).subarray(0, 1000));
    await expect(findSources([join(folder, "cut.tar")])).rejects.toMatchObject({ code: "data-file" });
  });

  it.each([
    ["a path that is not there", "nothing", /There is no file/],
    ["a glob without images", "photos/*.gif", /No image matches/],
    ["a table without a column of paths", "labels.csv", /expected one called path, image/],
  ])("refuses %s", async (_, name, message) => {
    writeFileSync(join(folder, "labels.csv"), "label,size\na,1\n");
    await expect(findSources([join(folder, name)])).rejects.toThrow(message);
  });
});

describe("addToArchive", () => {
  const options = () => ({ model, loadOptions, shardSize: 2, extraction: { scales: [1] } });

  it("appends what is new and changes nothing that was planned", async () => {
    const store = join(folder, "appended");
    expect(await addToArchive(store, [photos], options())).toMatchObject({ images: 5, shards: 3, known: 0 });
    const [first] = readdirSync(join(store, "manifest"));
    const before = readFileSync(join(store, "manifest", first), "utf8");
    expect(await addToArchive(store, [photos, photos], options())).toMatchObject({ images: 0, shards: 0 });
    writeFileSync(join(photos, "new.png"), drawPng(99));
    expect(await addToArchive(store, [photos], { model })).toMatchObject({ images: 1, shards: 1, known: 5 });
    expect(readFileSync(join(store, "manifest", first), "utf8")).toBe(before);
  });

  it("plans each image once when two additions run at the same time", async () => {
    const store = join(folder, "at-once");
    const added = await Promise.all([1, 2, 3].map(() => addToArchive(store, [photos], options())));
    expect(added.reduce((sum, { images }) => sum + images, 0)).toBe(6);
  });

  it("refuses another model, other options and another format, and keeps what it has", async () => {
    const store = join(folder, "refusals");
    await addToArchive(store, [photos], options());
    const other = { ...model, preprocessing: undefined, traits: { ...model.traits, prefixTokens: 0 } };
    await expect(addToArchive(store, [photos], { ...options(), extraction: { scales: [1, 2] } })).rejects.toThrow(
      /was planned with the options/,
    );
    await expect(addToArchive(store, [photos], { ...options(), model: other as Model })).rejects.toThrow(/another model/);
    await expect(addToArchive(store, [photos], { ...options(), format: "parquet" })).rejects.toThrow(/format: safetensors/);
  });
});
