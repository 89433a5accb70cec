/** Every command that the help, the docs or a message recommends must work when it is pasted. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.ts";
import { NAMED_MODELS } from "../../src/runtimes/named-models.ts";
import { drawClasses, drawDepth, drawMasks } from "../cli/drawn-sets.ts";
import { drawImage, tempFolder, tiny } from "../cli/s2.ts";
import { writeTinyClip } from "../runtimes/tiny-clip.ts";
import { startHub, type TinyHub } from "../runtimes/tiny-hub.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const hubName = "onnx-community/dinov2-small-ONNX";

/** "s2 a 'b c' # comment" as ["a", "b c"]; a line that ends in a backslash goes on. */
function argsOf(line: string): string[] {
  const words: string[] = line.replace(/\s#.*$/, "").match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  return words.slice(words.indexOf("s2") + 1).map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
}

/** A command line without its pipe or redirection. */
const alone = (line: string) => line.split(/ [>|] /)[0];

function helpOf(command: Command): string {
  const text: string[] = [];
  command.configureOutput({ writeOut: (more) => void text.push(more) }).outputHelp();
  return text.join("");
}

/** All commands, those below another one too. */
const withBelow = (of: Command): Command[] => of.commands.flatMap((command) => [command, ...command.commands]);

const program = makeProgram();
const fromHelp = [program, ...program.commands].flatMap((command) =>
  [...helpOf(command).matchAll(/^ {2}(s2 [a-z][^\n]*)$/gm)].map(([, line]) => alone(line)),
);
const pages = ["README.md", ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : []))];
const fromDocs = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    [...block.replace(/\\\n\s*/g, "").matchAll(/^(?:npx )?(s2 [a-z][^\n]*)$/gm)].map(([, line]) => alone(line)),
  ),
);
const lines = [...new Set([...fromHelp, ...fromDocs].map((line) => argsOf(line).join("\n")))].map((args) => args.split("\n"));

/** Commands that are only parsed here, and where they run. */
const elsewhere: Readonly<Record<string, string>> = {
  label: "test/cli/label.test.ts", // it runs until Ctrl-C
  "export-vision-encoder": "test/cli/vision-encoder.test.ts",
  serve: "test/serve/stopping.test.ts", // these two end when they are stopped
  mcp: "test/serve/heads.test.ts",
  archive: "test/docs/archive.test.ts",
};

/** Smaller work for the same command: a model of a few kB, two steps of training. The last of two equal options wins. */
function smaller([name, ...args]: readonly string[]): string[] {
  const quick = [...tiny, "--prefix-tokens", "1"];
  if (name === "train") return [name, ...args, "--steps", "1", "--views", "8", "--depth", "1"];
  const itsOwn = args.includes("--model") || args.includes("--dynamic");
  if (name === "fit") return [name, ...args, ...quick, "--replace"]; // pages give different heads one name
  if (name === "advise" || (["extract", "similar", "duplicates"].includes(name) && !itsOwn)) return [name, ...args, ...quick];
  return [name, ...args];
}

/** Heads first, for other commands name them. */
const order = ["fit", "build", "export", "train"];
const rank = ([name]: readonly string[]) => (order.includes(name) ? order.indexOf(name) : order.length);

describe("commands that help and docs recommend", () => {
  const running = lines.filter(([name]) => !Object.hasOwn(elsewhere, name)).sort((a, b) => rank(a) - rank(b));
  let hub: TinyHub;
  let ended: { status: number; out: string; err: string }[];

  beforeAll(async () => {
    hub = await startHub(hubName, ...NAMED_MODELS.flatMap(({ hub }) => hub ?? []));
    const model = join(root, "models/s2-tiny");
    hub.files = Object.fromEntries(["config.json", "model.safetensors"].map((name) => [name, readFileSync(join(model, name))]));
    const folder = tempFolder();
    mkdirSync(join(folder, "photos"));
    await drawImage(join(folder, "photo.jpg"), 400, 300);
    for (const name of ["a", "b"]) await drawImage(join(folder, `photos/${name}.jpg`), 320, 240, name.charCodeAt(0));
    cpSync(join(folder, "photos"), join(folder, "backup"), { recursive: true });
    writeTinyClip(join(folder, "models/clip"));
    drawClasses(join(folder, "clothing"));
    drawMasks(join(folder, "camvid"));
    drawDepth(join(folder, "rooms"));
    cpSync(join(folder, "camvid/test"), join(folder, "other-streets"), { recursive: true }); // without splits
    cpSync(join(folder, "camvid/classes.txt"), join(folder, "other-streets/classes.txt"));
    ended = await run(running.map(smaller), folder, hub.url);
  }, 240_000);
  afterAll(() => hub.close());

  it("there are some of every command", () => {
    const names = new Set(lines.map(([name]) => name));
    expect(program.commands.map((command) => command.name()).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(running.map((args, i) => [args.join(" "), i] as const))("s2 %s", (_, i) => {
    const { status, err } = ended[i];
    expect(err).not.toMatch(/^error/m);
    expect(status).toBe(0);
  });
});

function run(commands: readonly string[][], cwd: string, hub: string): Promise<{ status: number; out: string; err: string }[]> {
  const script = join(root, "test/docs/run-commands.mjs");
  const env = { ...process.env, HF_ENDPOINT: hub, S2_CACHE: join(cwd, "cache"), HF_TOKEN: "" };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.on("close", (status) =>
      status === 0 ? resolve(JSON.parse(out)) : reject(new Error(`it ended with ${status}: ${out}`)),
    );
    child.stdin.end(JSON.stringify(commands));
  });
}

it.each(lines.map((args) => [args.join(" "), args] as const))("s2 %s has the options that it is given", async (_, args) => {
  const dry = makeProgram();
  for (const command of withBelow(dry)) if (command.commands.length === 0) command.action(() => {});
  await dry.parseAsync(args, { from: "user" });
});

// Names of CSS variables look alike: they stand in var(), in setProperty(), or before a colon.
it("flags that messages advise exist", () => {
  const known = new Set([program, ...withBelow(program)].flatMap((command) => command.options.map(({ long }) => long)));
  for (const other of ["--help", "--version", "--input-type", "--eval"]) known.add(other); // the last two are Node's
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const advised = sources.flatMap((path) =>
    [
      ...readFileSync(join(root, "src", path), "utf8").matchAll(/(?<![\w-]|var\(|setProperty\(")--[a-z][a-z-]*[a-z](?![\w-]*:)/g),
    ].map(([flag]) => ({
      path,
      flag,
    })),
  );
  expect(advised.length).toBeGreaterThan(50);
  expect(advised.filter(({ flag }) => !known.has(flag))).toEqual([]);
});
