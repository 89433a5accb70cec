/** Which files IMAGE arguments name, what is passed over, and which output each image gets. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findImages, nameOutputs, undecodedInWords, undecodedReasons } from "../../src/runtimes/node/index.ts";
import { escapePath, quotePath } from "../../src/runtimes/node/quote-path.ts";
import { drawImage, s2, tempFolder, tiny } from "./s2.ts";

const heic = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1");
const posix = process.platform !== "win32";

/** A folder with empty files of these names; which are images, their names say. */
function folderOf(names: readonly string[]): string {
  const folder = tempFolder();
  for (const name of names) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), name.toLowerCase().endsWith(".heic") ? heic : "x");
  }
  return folder;
}

const outputs = async (given: readonly string[], out = "out") => {
  const { images } = await findImages(given, out);
  return nameOutputs(images, { folder: out, format: "npy" }, false).map((file) => file.missing?.message ?? file.out);
};

describe("images that are not decoded", () => {
  it("are counted and explained once a format, and those that decode are taken whatever their extension", async () => {
    const folder = folderOf(["a.jfif", "b.heic", "c.HEIC", "d.bmp", "notes.txt", ".hidden.jpg"]);
    await drawImage(join(folder, "photo.png"));
    copyFileSync(join(folder, "photo.png"), join(folder, "e.bmp"));
    const { images, undecoded } = await findImages([folder], "out");
    expect(images.map(({ name }) => name)).toEqual(["a.jfif", "e.bmp", "photo.png"]);
    expect(undecodedInWords(undecoded)).toBe("3 passed over (.bmp, .heic are not decoded)");
    expect(undecodedReasons(undecoded)).toEqual([
      expect.stringContaining(`"${join(folder, "b.heic")}" is a HEIC file, which is not decoded here`),
      expect.stringContaining(`"${join(folder, "d.bmp")}" is not an image`),
    ]);
    expect(undecodedInWords((await findImages([join(folder, "*")], "out")).undecoded)).toContain("3 passed over");
  });

  it("a folder of nothing else fails with the sentence of the file alone; the last line counts what is passed over", async () => {
    const folder = folderOf(["only/a.heic", "mix/b.heic"]);
    await drawImage(join(folder, "mix/a.png"));
    const run = (...args: string[]) => s2(["extract", ...args, ...tiny], { cwd: folder });
    const sentence = '"only/a.heic" is a HEIC file, which is not decoded here';
    expect(await run("only")).toMatchObject({ status: 4, err: expect.stringContaining(sentence) });
    expect(await run("only/a.heic")).toMatchObject({ status: 4, err: expect.stringContaining(sentence) });
    const mix = await run("mix");
    expect(mix).toMatchObject({ status: 0, out: expect.stringContaining("mix/a.png -> ") });
    expect(mix.err.trim().split("\n").at(-1)).toBe("1 image: 1 done, 1 passed over (.heic is not decoded)");
  });

  it("camera raw files are not taken for TIFF files, of which only a preview would be decoded", async () => {
    const folder = folderOf(["a.jpg"]);
    writeFileSync(join(folder, "a.nef"), "II*\0\x08\0\0\0");
    const { undecoded } = await findImages([folder], "out");
    expect(undecoded[0].reason.message).toContain("is a camera's raw file");
  });
});

describe.skipIf(!posix)("names with the characters of patterns", () => {
  const names = ["images (1)/sub/x.jpg", "[2024] a{b}/s/y.jpg", "it's $HOME/`z`/!w.jpg", "plain/sub/v.jpg"];

  it("a folder with images below it advises a glob that finds them when it is pasted into a shell", async () => {
    const folder = folderOf(names);
    for (const name of names) {
      const [message] = await outputs([join(folder, name.split("/")[0])]);
      expect(message).toContain("has no images itself, but 1 in folders below it");
      const advised = /give (.*)\.$/s.exec(message)![1];
      const pasted = execFileSync("sh", ["-c", `printf %s ${advised}`], { encoding: "utf8" });
      expect(await outputs([pasted])).toEqual([join("out", name.split("/").slice(1).join("/").replace(".jpg", ".npy"))]);
    }
  });

  it("brackets and parentheses are found as they are, escaped, and beside a pattern", async () => {
    const folder = folderOf(names);
    for (const given of ["images (1)/sub/*.jpg", "images \\(1\\)/sub/*", "images (1)/sub/x.jpg", "images \\(1\\)/sub/x.jpg"])
      expect(await outputs([join(folder, given)]), given).toEqual([join("out", "x.npy")]);
    expect(await outputs([join(folder, "*(1)/**")])).toEqual([join("out", "images (1)/sub/x.npy")]);
    expect(await outputs([join(folder, "[[]2024] a{b}/s/*.jpg")])).toEqual([join("out", "[2024] a{b}/s/y.npy")]);
    expect(await outputs([join(folder, "[2024] a{b}/s/*.{jpg,png}")])).toEqual([join("out", "y.npy")]);
    expect(await outputs([join(folder, "it's $HOME/`z`/!*.jpg")])).toEqual([join("out", "!w.npy")]);
  });

  it("no output leaves --out, and a link that leads back finds nothing twice", async () => {
    const folder = folderOf(["a/x.jpg", "b/y.jpg"]);
    symlinkSync("..", join(folder, "a/up"));
    for (const given of ["a/*/../../b/*.jpg", "{a/..,b}/**", "**", "a/../b/*", "./a/./**"])
      for (const out of await outputs([join(folder, given)])) expect(out).toMatch(/^out\/(?!.*\.\.)|No image matches/);
    expect(await outputs([join(folder, "**")])).toEqual(["out/a/x.npy", "out/b/y.npy"]);
  });

  it("pipes and devices are refused, links that lead nowhere said", async () => {
    const folder = folderOf(["a.jpg"]);
    execFileSync("mkfifo", [join(folder, "p.jpg")]);
    symlinkSync("l.jpg", join(folder, "l.jpg"));
    expect(await outputs([join(folder, "p.jpg")])).toEqual([expect.stringContaining("is a pipe; expected an image file")]);
    expect(await outputs([folder])).toEqual([join("out", "a.npy"), join("out", "l.npy"), expect.stringContaining("is a pipe")]);
    const { err, status } = await s2(["extract", join(folder, "l.jpg"), "/dev/zero", ...tiny, "--out", join(folder, "out")]);
    expect(status).toBe(4);
    expect(err).toContain("is a link that leads back to itself");
    expect(err).toContain('"/dev/zero" is a device');
  });

  it("a folder that cannot be made is said at once", async () => {
    const folder = folderOf(["a.jpg"]);
    const out = process.platform === "linux" ? "/proc/s2/out" : join(folder, "a.jpg/out");
    const { status, err } = await s2(["extract", join(folder, "a.jpg"), ...tiny, "--out", out]);
    expect([status, err]).toEqual([2, expect.stringMatching(/^error: The folder .* cannot be made .*Choose another place/)]);
  });
});

describe("outputs of images that differ in their extension alone", () => {
  it("the JPEG gives its stem, the others keep their extension, however they are found", async () => {
    const folder = folderOf(["a.jpg", "a.png", "A.webp", "b.png", "c.png.jpg", "c.png", "d.heic", "d.jpg"]);
    const named = {
      "a.jpg": "a",
      "a.png": "a.png",
      "A.webp": "A.webp",
      "b.png": "b",
      "c.png": "c",
      "c.png.jpg": "c.png.jpg",
      "d.jpg": "d",
    };
    expect((await outputs([folder])).sort()).toEqual(
      Object.values(named)
        .map((name) => join("out", `${name}.npy`))
        .sort(),
    );
    for (const [name, output] of Object.entries(named))
      expect(await outputs([join(folder, name)])).toEqual([join("out", `${output}.npy`)]);
  });
});

describe("what is shown", () => {
  it("control characters never reach the terminal", () => {
    expect(escapePath("a\nb\x1b[31m\u202ec")).toBe("a\\nb\\u001b[31m\\u202ec");
    expect(escapePath("Zoë (1) 東京.jpg")).toBe("Zoë (1) 東京.jpg");
  });

  it.skipIf(!posix)("quoted words are what they were when a shell reads them", () => {
    for (const word of ["a", "a b", "it's", '$HOME `x` "y" \\n', "images (1)/**", "!x*"])
      expect(execFileSync("bash", ["-c", `printf %s ${quotePath(word)}`], { encoding: "utf8" })).toBe(word);
    expect(execFileSync("bash", ["-c", `printf %s ${quotePath("a\n'b\\c")}`], { encoding: "utf8" })).toBe("a\n'b\\c");
  });
});
