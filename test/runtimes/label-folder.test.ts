/** The folder that is labeled: what counts as an image, which files are written, and pictures by number, never by path. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imagesToLabel } from "../../src/label/index.ts";
import { ownFiles } from "../../src/label/own-files.ts";
import { openLabelFolder, pageAnswers } from "../../src/runtimes/node/index.ts";
import { tagPng } from "../../src/tensors/index.ts";
import { image } from "../cli/drawn-sets.ts";

const above = mkdtempSync(join(tmpdir(), "s2-label-"));
const folder = join(above, "photos");
const hostile = process.platform === "win32" ? "plain name.png" : "<b onx=1>'\"&%2e%2e.png";

beforeAll(() => {
  mkdirSync(join(folder, "sub"), { recursive: true });
  const png = image(1, () => [200, 30, 30]);
  for (const name of ["10.png", "9.png", "sub/a.png", hostile, ".hidden.png"]) writeFileSync(join(folder, name), png);
  writeFileSync(join(folder, "ours.png"), tagPng(png));
  writeFileSync(join(folder, "notes.txt"), "no image");
  writeFileSync(join(above, "secret.png"), png);
});
afterAll(() => rmSync(above, { recursive: true, force: true }));

const imagesIn = async (path: string): Promise<string[]> => {
  const { paths, readStart } = await openLabelFolder(path, "labels.csv");
  return imagesToLabel(path, paths, readStart);
};

describe("a folder to label", () => {
  it("has its images in the order of their numbers, without hidden files and pictures of this package", async () => {
    const images = await imagesIn(folder);
    expect([...images].sort()).toEqual([hostile, "10.png", "9.png", "sub/a.png"].sort());
    expect(images.indexOf("9.png")).toBeLessThan(images.indexOf("10.png"));
    await expect(imagesToLabel("empty", ["notes.txt"], async () => new Uint8Array())).rejects.toThrow("has no images");
    await expect(openLabelFolder(join(above, "none"), "labels.csv")).rejects.toThrow("There is no folder");
    for (const list of ["labels.txt", "../labels.csv", "/tmp/labels.csv", ".csv", "a/.b/c.csv"])
      await expect(openLabelFolder(folder, list)).rejects.toThrow("expected a .csv file in the folder");
  });

  it("is written to inside alone, and files of someone else stay", async () => {
    const files = ownFiles((await openLabelFolder(folder, "labels.csv")).files);
    const bytes = image(2, () => [1, 2, 3]);
    for (const path of ["../secret.png", "a/../../secret.png", "/etc/x.png", "C:\\x.png", "..\\secret.png", "a\0.png"])
      for (const act of [files.read, files.remove, (name: string) => files.write(name, bytes)])
        await expect(act(path)).rejects.toThrow("leads out of the folder");
    await expect(files.write("9.png", bytes)).rejects.toThrow("it is not overwritten");
    await expect(files.remove("9.png")).rejects.toThrow("did not write it");
    await files.write("masks/9.png", bytes);
    await files.write("masks/9.png", bytes);
    expect(readFileSync(join(folder, "masks/9.png")).includes("s2-vision")).toBe(true);
    await files.remove("masks/9.png");
    expect(existsSync(join(folder, "masks/9.png"))).toBe(false);
    expect(existsSync(join(above, "secret.png"))).toBe(true);
  });

  it("shows images by their number, made anew, and nothing by a path", async () => {
    const images = await imagesIn(folder);
    const none = async () => undefined;
    const session = { view: none, act: none, mask: none, pathOf: (i: number) => images[i] as string | undefined };
    const { get } = pageAnswers(session, folder, { "/": { type: "text/html", body: "page" } });
    const picture = await get(`/image/${images.indexOf(hostile)}`, new URLSearchParams());
    expect(picture?.type).toBe("image/jpeg");
    expect((await sharp(picture!.body as Uint8Array).metadata()).format).toBe("jpeg");
    for (const path of [
      "/image/99",
      "/image/-1",
      "/image/1e0",
      "/image/../secret.png",
      "/image/9.png",
      "/9.png",
      "/__proto__",
      "/mask/0",
    ])
      expect(await get(path, new URLSearchParams())).toBeUndefined();
  });

  it.skipIf(process.platform === "win32")(
    "follows a link of the folder's owner as all commands do, and shows it as an image alone",
    async () => {
      symlinkSync("/etc/passwd", join(folder, "link.png"));
      const images = await imagesIn(folder);
      const session = {
        view: async () => {},
        act: async () => {},
        mask: async () => undefined,
        pathOf: (i: number) => images[i],
      };
      const { get } = pageAnswers(session, folder, {});
      await expect(get(`/image/${images.indexOf("link.png")}`, new URLSearchParams())).rejects.toThrow(/image/);
      rmSync(join(folder, "link.png"));
    },
  );
});
