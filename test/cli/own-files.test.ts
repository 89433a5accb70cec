/** A file that someone else made is never lost: outputs replace only what `s2` wrote, or the file that the user named. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { refuseForeign } from "../../src/runtimes/node/index.ts";
import { tagPng, writeSafetensors } from "../../src/tensors/index.ts";
import { drawImage, main, s2, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("what stands where an output goes", () => {
  it.each([
    ["a.json", '{"name": "a package"}'],
    ["b.json", "not JSON"],
    ["c.safetensors", writeSafetensors({}, { format: "pt" })],
    ["d.safetensors", "xy"],
    ["e.onnx", "another producer"],
    ["f.md", "# A project"],
    ["g.npy", "an array"],
  ])("%s of someone else is refused, and taken when the user named it", (name, content) => {
    const path = file(name, content);
    expect(() => refuseForeign([{ path }])).toThrow(`${path} exists, and s2 did not write it`);
    refuseForeign([{ path, named: true }]);
  });

  it("a PNG is ours by its mark alone", async () => {
    const path = await drawImage(join(folder, "photo.png"));
    expect(() => refuseForeign([{ path }])).toThrow("s2 did not write it");
    writeFileSync(path, tagPng(readFileSync(path)));
    refuseForeign([{ path }]);
  });

  it("JSON and safetensors are ours by s2_vision, an array by the JSON beside it, and nothing is lost with an empty file", () => {
    refuseForeign([{ path: file("own.json", '{"s2_vision": "1"}') }]);
    refuseForeign([{ path: file("own.safetensors", writeSafetensors({}, { s2_vision: "1" })) }]);
    refuseForeign([{ path: file("own.npy", "an array"), beside: join(folder, "own.json") }]);
    refuseForeign([{ path: file("empty.json", "") }, { path: join(folder, "absent.json") }]);
    mkdirSync(join(folder, "within.json"));
    expect(() => refuseForeign([{ path: join(folder, "within.json"), named: true }])).toThrow("is a folder");
  });
});

it("extract does not replace the package.json of package.jpg, says so before the model runs, and runs twice elsewhere", async () => {
  await drawImage(join(folder, "package.png"));
  file("package.json", '{"name": "mine"}');
  const run = (...args: string[]) => s2(["extract", "package.png", "--format", "npy", ...tiny, ...args], { cwd: folder });
  const refused = await run("-o", ".");
  expect([refused.status, refused.err]).toEqual([
    2,
    expect.stringMatching(/^error: package\.json exists, and s2 did not write it/),
  ]);
  expect(readFileSync(join(folder, "package.json"), "utf8")).toBe('{"name": "mine"}');
  for (let i = 0; i < 2; i++) expect((await run("-o", "out")).status).toBe(0);
}, 60_000);

it.skipIf(process.platform === "win32").each([
  ["extract", "photo.png"],
  ["similar", "photo.png", "--in", "photo.png"],
])(
  "%s ends with a sentence and leaves nothing half-written where the disk takes no more (a limit on files' sizes)",
  async (...args) => {
    const cwd = join(folder, `full-${args[0]}`);
    mkdirSync(cwd);
    await drawImage(join(cwd, "photo.png"));
    const command = [process.execPath, main, ...args, ...tiny].map((part) => `'${part}'`).join(" ");
    const { status, stderr } = spawnSync("sh", ["-c", `ulimit -f 1; exec ${command}`], { cwd, encoding: "utf8" });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: features\/.* cannot be written \(EFBIG.*Make room/m)]);
    expect(readdirSync(cwd, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".part"))).toEqual([]);
  },
  60_000,
);
