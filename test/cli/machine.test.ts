/** Commands about models and the machine, and input by pipes. */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openProgress } from "../../src/cli/progress.ts";
import { drawClasses } from "./drawn-sets.ts";
import { drawImage, main, s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const photos = ["a b.png", "c.png"].map((name) => join(folder, name));
beforeAll(async () => {
  for (const [i, path] of photos.entries()) await drawImage(path, 64, 64, i + 1);
});

function piped(
  args: readonly string[],
  input: string | Uint8Array,
): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err += text));
    child.on("close", (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });
}

describe("standard input", () => {
  const extract = ["extract", "-", ...tiny, "--scales", "1", "--json"];
  const images = (out: string) =>
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).image);

  it("is an image", async () => {
    const { status, out } = await piped(extract, readFileSync(photos[0]));
    expect([status, images(out)]).toEqual([0, [expect.stringMatching(/stdin$/)]]);
    expect(readFileSync(join(folder, "features/stdin.safetensors")).length).toBeGreaterThan(100);
  });

  it.each([
    ["lines", "\n"],
    ["NUL", "\0"],
  ])("is a list of paths, with %s between them and spaces in them", async (_, between) => {
    const { status, out } = await piped(extract, photos.join(between) + between);
    expect([status, images(out)]).toEqual([0, photos]);
  });

  it.each([
    ["", /empty/],
    [new Uint8Array([200, 201, 202, 203]), /neither an image/],
  ])("is refused when it holds nothing of use", async (input, words) => {
    const { status, err } = await piped(extract, input);
    expect([status, err]).toEqual([2, expect.stringMatching(words)]);
  });

  it("is one image where a command takes one", async () => {
    expect((await piped(["plan", "-", ...tiny], readFileSync(photos[0]))).out).toMatch(/image {3}64x64/);
    expect((await piped(["plan", "-", ...tiny], photos.join("\n"))).err).toMatch(/2 paths/);
  });
});

describe("progress without a terminal", () => {
  it("is a line when 30 seconds have passed, and none with --quiet", async () => {
    let now = 0;
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const bar = await openProgress(500, {}, () => now);
    const quiet = await openProgress(500, { quiet: true }, () => now);
    for (; now <= 100; now += 10) for (const each of [bar, quiet]) each.update(now);
    const lines = write.mock.calls.map(([text]) => text);
    write.mockRestore();
    expect(lines).toEqual([
      "30 of 500 images, 7 min 50 s left\n",
      "60 of 500 images, 7 min 20 s left\n",
      "90 of 500 images, 6 min 50 s left\n",
    ]);
  });
});

describe("models with short names", () => {
  it("are listed, and each is one of the hub or included", async () => {
    const models = JSON.parse((await s2(["models", "--json"])).out);
    expect(models.map(({ name }: { name: string }) => name)).toContain("dinov2-small");
    for (const { hub } of models) expect(hub ?? "included").toMatch(/^included$|^[\w-]+\/[\w.-]+$/);
    expect((await s2Process(["models"])).out).toMatch(/^s2-tiny +2\.4 M {2}MIT/);
  });

  it("are found by --model, and looked up on the hub by their repository", async () => {
    const env = { S2_CACHE: join(folder, "cache"), HF_HUB_OFFLINE: "1" };
    const { status, err } = await s2Process(["inspect", "dinov2-small"], { env });
    expect([status, err]).toEqual([3, expect.stringContaining('"facebook/dinov2-small"')]);
    expect((await s2(["inspect", "s2-tiny"])).status).toBe(0);
    expect((await s2(["inspect", "dinov2-smal"])).err).toContain("did you mean dinov2-small?");
  });

  it("are refused by download where they are no names", async () => {
    expect((await s2(["download", "s2-tny"])).err).toContain("did you mean s2-tiny?");
    expect((await s2Process(["download", "s2-tiny", "--json"])).out).toMatch(/"folder":".*s2-tiny","bytes":\d{7}/);
  });
});

it("doctor says what runs and how fast a tile is", async () => {
  const { status, out } = await s2Process(["doctor", "--json"]);
  const facts = JSON.parse(out);
  expect([status, facts["onnxruntime-node"].value, facts["s2-tiny"].value]).toEqual([
    0,
    expect.stringMatching(/^\d+\.\d+/),
    expect.stringMatching(/loaded in \d+ ms; [\d.]+ ms a tile of 224x224/),
  ]);
});

it("completion in bash offers subcommands, a command's options and an option's choices", async () => {
  const { out } = await s2Process(["completion", "bash"]);
  const complete = (words: string[]) =>
    execFileSync("bash", [
      "-c",
      `${out}\nCOMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length - 1}; _s2; echo "\${COMPREPLY[*]}"`,
    ])
      .toString()
      .trim();
  expect(complete(["s2", "ext"])).toBe("extract");
  expect(complete(["s2", "extract", "--outp"])).toBe("--output-scale --output");
  expect(complete(["s2", "extract", "--fit", "s"])).toBe("squash");
  expect(complete(["s2", "extract", "--format", ""])).toBe("safetensors npy parquet"); // bash knows a flag's choices by its name alone
  expect(complete(["s2", "archive", "re"])).toBe("resume retry");
  expect(complete(["s2", "archive", "add", "--shard-"])).toBe("--shard-size");
});

describe("arguments of another kind", () => {
  const set = drawClasses(join(folder, "set"));
  const head = join(folder, "head");
  const fit = [
    "fit",
    set,
    ...tiny,
    "--threads",
    "1",
    "--scales",
    "1",
    "--head",
    "prototypes",
    "-o",
    head,
    "--store",
    join(folder, "store"),
  ];

  it("are named as what they are, and a head is replaced with --replace alone", async () => {
    expect((await s2(fit)).status).toBe(0);
    expect((await s2(fit)).err).toMatch(/has a head for classification already, fitted on set; give another --out, or --replace/);
    expect((await s2([...fit, "--replace"])).status).toBe(0);
    expect((await s2(["eval", set, head])).err).toMatch(/has one: give the head first/);
    expect((await s2(["predict", set, photos[0]])).err).toMatch(/has no head \(head.json\)/);
    expect((await s2(["fit", head, "-o", join(folder, "other")])).err).toMatch(/is the folder of a fitted head/);
  });

  it("few test images come with a caution", async () => {
    expect((await s2(["eval", head, set, "--store", join(folder, "store")])).out).toMatch(
      /caution: intervals of \d+ test images/,
    );
  });
});
