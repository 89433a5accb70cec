/** Streams that are closed or full, signals, and work that ends in an unforeseen way: each has a status and at most one sentence, never a stack. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { sentence } from "../../src/cli/errors.ts";
import { printable } from "../../src/cli/output.ts";
import { durationInWords } from "../../src/cli/progress.ts";
import { drawClasses } from "./drawn-sets.ts";
import { drawImage, main, s2, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const images = [1, 2, 3].map((seed) => join(folder, `${seed}.png`));
beforeAll(async () => {
  for (const [i, path] of images.entries()) await drawImage(path, 64, 64, i + 1);
});

/** Runs Node with streams of its own; `closed` ones lose their reader at once, as after `| head -0`. */
function run(
  args: readonly string[],
  {
    closed = [],
    full = [],
    onOut,
  }: { closed?: string[]; full?: string[]; onOut?: (child: ReturnType<typeof spawn>) => void } = {},
): Promise<{ status: number | null; signal: string | null; err: string }> {
  return new Promise((resolve) => {
    const to = (name: string) => (full.includes(name) ? openSync("/dev/full", "w") : "pipe");
    const child = spawn(process.execPath, args, { stdio: ["ignore", to("stdout"), to("stderr")], timeout: 40_000 });
    let err = "";
    if (closed.includes("stdout")) child.stdout?.destroy();
    else child.stdout?.on("data", () => onOut?.(child));
    if (closed.includes("stderr")) child.stderr?.destroy();
    else child.stderr?.on("data", (text) => (err += text));
    child.on("close", (status, signal) => resolve({ status, signal, err }));
  });
}

const extract = (out: string) => [main, "extract", ...images, ...tiny, "--scales", "1", "--out", join(folder, out)];
const written = (out: string) => readdirSync(join(folder, out)).sort();
const all = ["1.safetensors", "2.safetensors", "3.safetensors"];

describe("standard output without a reader", () => {
  it("stops a command whose result it is, with 141", async () => {
    const ended = await run([main, "plan", "1920x1080", "--img-sizes", "224,448"], { closed: ["stdout"] });
    expect(ended).toEqual({ status: 141, signal: null, err: "" });
  });

  it("stops predictions that are under way", async () => {
    const set = drawClasses(join(folder, "set"));
    const head = join(folder, "head");
    const fitted = await s2([
      "fit",
      set,
      ...tiny,
      "--scales",
      "1",
      "--head",
      "prototypes",
      "--out",
      head,
      "--store",
      join(folder, "store"),
    ]);
    expect(fitted.status).toBe(0);
    const ended = await run([main, "predict", head, ...images, "--csv"], { closed: ["stdout"] });
    expect(ended).toEqual({ status: 141, signal: null, err: "" });
  });

  it("does not stop a command that writes files", async () => {
    expect(await run(extract("closed"), { closed: ["stdout"] })).toEqual({ status: 0, signal: null, err: "3 images: 3 done\n" });
    expect(written("closed")).toEqual(all);
  });
});

describe.skipIf(!existsSync("/dev/full"))("a full disk", () => {
  it("under a result is a sentence and 2", async () => {
    const ended = await run([main, "plan", "1920x1080", "--img-sizes", "224,448"], { full: ["stdout"] });
    expect(ended).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^error: Standard output cannot be written \(ENOSPC.*\n$/),
    });
  });

  it("under a report is said when the files are written", async () => {
    const ended = await run(extract("full"), { full: ["stdout"] });
    expect(ended.status).toBe(2);
    expect(ended.err).toMatch(/^3 images: 3 done\nerror: The report could not be written.*\n$/);
    expect(written("full")).toEqual(all);
  });

  // A limit on the size of files stands for the disk: the first image's features cannot be kept while the next image is in the model.
  it("under the features of fit is a sentence, while the model runs", async () => {
    const set = drawClasses(join(folder, "other"));
    const args = [
      main,
      "fit",
      set,
      ...tiny,
      "--scales",
      "1,2",
      "--out",
      join(folder, "none"),
      "--store",
      join(folder, "limited"),
    ];
    const limited = `trap "" XFSZ; ulimit -f 1; exec "${process.execPath}" ${args.map((each) => `"${each}"`).join(" ")}`;
    const ended = await new Promise<{ status: number | null; err: string }>((resolve) => {
      const child = spawn("sh", ["-c", limited], { stdio: ["ignore", "ignore", "pipe"], timeout: 40_000 });
      let err = "";
      child.stderr.on("data", (text) => (err += text));
      child.on("close", (status) => resolve({ status, err }));
    });
    expect(ended).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^error: .* cannot be written \(EFBIG.*\n$/m),
    });
  });
});

it.each([{ closed: ["stderr"] }, ...(existsSync("/dev/full") ? [{ full: ["stderr"] }] : [])])(
  "standard error that is lost does not kill the work: %o",
  async (streams) => {
    const out = Object.keys(streams)[0];
    const args = [...extract(`err-${out}`), join(folder, "absent.png")];
    expect((await run(args, streams)).status).toBe(1);
    expect(written(`err-${out}`)).toEqual(all);
  },
);

/** A command of a test's own under the guard. */
const guarded = (code: string) => {
  const dist = fileURLToPath(new URL("../../dist/cli", import.meta.url));
  const imports = `import { runGuarded } from ${JSON.stringify(`${dist}/guard.js`)}; import * as interrupt from ${JSON.stringify(`${dist}/interrupt.js`)};`;
  return ["--input-type=module", "--eval", `${imports} ${code}`];
};

describe("work that ends in an unforeseen way", () => {
  it.each([
    [
      "a rejection that nobody handles",
      'runGuarded(async () => { Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 5000)); })',
    ],
    [
      "an error in a callback",
      'runGuarded(async () => { setTimeout(() => { throw new Error("lost"); }, 1); await new Promise((r) => setTimeout(r, 5000)); })',
    ],
    ["an error of the command", 'runGuarded(async () => { throw new Error("lost"); })'],
  ])("%s is a sentence and 70", async (_, code) => {
    const ended = await run(guarded(code));
    expect(ended).toEqual({
      status: 70,
      signal: null,
      err: "error: lost (unexpected; please report it with the stack, which S2_DEBUG=1 shows)\n",
    });
  });

  it("work that waits for what never comes is 70 and said, not 0 or 13", async () => {
    const ended = await run(guarded("runGuarded(() => new Promise(() => {}))"));
    expect(ended).toMatchObject({
      status: 70,
      err: expect.stringContaining("error: The command waits for something that never comes"),
    });
  });

  it("work that is done keeps its status", async () => {
    const code = "runGuarded(async () => { process.exitCode = 4; }); setTimeout(() => {}, 50);";
    expect(await run(guarded(code))).toEqual({ status: 4, signal: null, err: "" });
  });
});

describe("signals", () => {
  it("SIGTERM ends with 143 and leaves whole files only", async () => {
    const many = Array.from({ length: 60 }, (_, i) => join(folder, `${i + 10}.png`));
    for (const each of many) copyFileSync(images[0], each);
    let heard = 0;
    const once = (child: ReturnType<typeof spawn>) => (heard++ === 0 ? child.kill("SIGTERM") : undefined); // a second one ends it at once
    const ended = await run([...extract("term"), ...many], { onOut: once });
    expect(ended).toEqual({ status: 143, signal: null, err: "" });
    expect(written("term").length).toBeLessThan(63);
    for (const name of written("term")) expect(name).toMatch(/^\d+\.safetensors$/);
  });

  it("work is waited for before the end, and a second signal ends at once", async () => {
    const code = (time: string) => `interrupt.listenForInterrupt(); setInterval(() => {}, 1000);
      process.on("exit", () => console.error(written)); let written = false;
      interrupt.untilStopped(() => new Promise((resolve) => setTimeout(() => resolve(written = true), ${time})));
      interrupt.stopSignal.addEventListener("abort", () => console.log("stopping")); console.log("on");`;
    let heard = 0;
    const first = (child: ReturnType<typeof spawn>) => (heard++ === 0 ? child.kill("SIGINT") : undefined);
    expect(await run(guarded(code("300")), { onOut: first })).toEqual({ status: 130, signal: null, err: "true\n" });
    let signals = ["SIGINT", "SIGTERM"] as NodeJS.Signals[];
    const both = (child: ReturnType<typeof spawn>) => {
      child.kill(signals[0]);
      signals = signals.slice(1);
    };
    expect(await run(guarded(code("100000")), { onOut: both })).toEqual({ status: null, signal: "SIGTERM", err: "" });
  });
});

describe("what is printed", () => {
  it("has no control characters, whatever a file is called", async () => {
    const { status, err, out } = await s2(["extract", "\x1b[2Jtrap\u009b.png", ...tiny, "--out", join(folder, "trap")]);
    expect(status).toBe(4);
    for (const control of ["\x1b", "\u009b"]) expect(err + out).not.toContain(control);
    expect(err).toContain("\\u001b[2Jtrap\\u009b.png");
  });

  it("keeps lines, tabs and all letters; JSON means the same after it", () => {
    expect(printable("Größe\t1\n日本 🙂")).toBe("Größe\t1\n日本 🙂");
    const name = "a\u0007\u007f\u009b\u202eb\r";
    expect(JSON.parse(printable(JSON.stringify({ name })))).toEqual({ name });
    expect(printable(name)).toBe("a\\u0007\\u007f\\u009b\\u202eb\\u000d");
  });

  it("goes through output.ts, so that none is forgotten", () => {
    const cli = fileURLToPath(new URL("../../src/cli/", import.meta.url));
    const direct = readdirSync(cli).filter((name) => /(stdout|stderr)\.write|console\./.test(readFileSync(cli + name, "utf8")));
    expect(direct).toEqual(["interrupt.ts", "output.ts"]);
  });
});

it.each([
  [0, "0 s"],
  [59, "59 s"],
  [59.2, "1 min 0 s"],
  [60, "1 min 0 s"],
  [119.5, "2 min 0 s"],
  [3599.1, "1 h 0 min"],
  [3600, "1 h 0 min"],
  [7199, "2 h 0 min"],
  [7320.5, "2 h 3 min"],
])("%d seconds are %s", (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});

it("what the system refuses is a sentence about the file", () => {
  const error = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC", syscall: "open", path: "/full/file" });
  expect(sentence(error)).toBe("/full/file cannot be used (ENOSPC): the disk is full; make room, or write elsewhere.");
});
