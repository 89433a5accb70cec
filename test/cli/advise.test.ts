/** `s2 advise` as a user meets it: a verdict with figures on drawn images, and on real ones where ../shared is there. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { drawClasses, drawDepth } from "./drawn-sets.ts";
import { s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(args, { cwd: folder });
const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const there = existsSync(join(shared, "data/clothing"));
const reason = there ? "" : " (skipped: ../shared/data is absent)";

describe("advise", () => {
  it("cannot tell where all configs are right alike, and notes what was not tried with a model of a fixed size", async () => {
    drawClasses(join(folder, "classes"), undefined, { train: 12, val: 6, test: 50 });
    const { status, out, err } = await s2Process(["advise", "classes", ...tiny, "--threads", "1", "--head", "ridge"], {
      cwd: folder,
    });
    expect([status, err.split("\n")[0]]).toEqual([0, expect.stringMatching(/^1x: top-1 /)]); // each candidate when it is known
    expect(out).toMatch(/^classes: 12 training, 6 validation and 50 test images; ridge\n/);
    expect(out).toMatch(/\n1x +100\.0 % \(100\.0 to 100\.0\) +1 +\d+ +0\.\d\d\n/);
    expect(out).toMatch(/\n1x\+2x\+3x in 1x's channels .* 14 +\d+ /);
    expect(out).toContain("\nCannot tell: on the 50 test images all configs are right and wrong alike; ");
    expect(out).toContain("More pixels without S² were not tried: this model cannot run at 64x64.");
  });

  it("in JSON: every candidate with its figure, gain and cost; a larger model among them; depth, where less is better", async () => {
    drawDepth(join(folder, "depth"));
    const larger = join(folder, "the-same"); // the flags that describe --model do not hold for it: its config says the patch
    mkdirSync(larger);
    cpSync(tiny[1], join(larger, "model.onnx"));
    writeFileSync(join(larger, "config.json"), JSON.stringify({ model_type: "vit", patch_size: 8 }));
    const args = ["--meters-per-unit", "0.001", "--larger", larger, "--near", "0.5", "--far", "5", "--json"];
    const { status, out } = await run("advise", "depth", ...tiny, "--threads", "1", ...args);
    expect(status).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({ task: "depth", head: "ridge", images: { train: 12, validation: 6, test: 9, failed: 0 } });
    const names = result.candidates.map(({ candidate }: { candidate: string }) => candidate);
    expect(names).toEqual([
      "1x",
      "1x+2x",
      "1x+2x+3x",
      "preset dense",
      "1x+2x+3x in 1x's channels",
      "1x+2x+3x of enlarged pixels",
      "the-same",
    ]);
    const [one, two, , , , , again] = result.candidates;
    expect([one.cost.tiles, two.cost.tiles, one.better]).toEqual([1, 5, "lower"]);
    expect(two.gain.value).toBeCloseTo(one.value - two.value, 9);
    expect(again.value).toBe(one.value); // it is the same model
    expect([result.use, result.helps, result.needed]).toEqual([undefined, false, { images: 50 }]);
    expect(result.sentences).toEqual([expect.stringMatching(/^Cannot tell: at least 50 test images are needed, got 9\./)]);
  });

  it("asks for test images", async () => {
    for (const name of ["red", "blue", "green"])
      cpSync(join(folder, "classes/train", name), join(folder, "plain", name), { recursive: true });
    const without = await run("advise", "plain", ...tiny);
    expect(without).toMatchObject({ status: 2, err: expect.stringContaining("--test-fraction 0.3 splits them off") });
  });
});

it.skipIf(!there)(
  `clothing by DeiT-Tiny at one scale: better than chance by far, the same again from the store${reason}`,
  async () => {
    const classes = ["hat", "pants", "shoes", "t-shirt"];
    const counts = { train: 8, validation: 4, test: 6 };
    for (const [split, count] of Object.entries(counts)) {
      for (const name of classes) {
        const from = join(shared, "data/clothing", split, name);
        mkdirSync(join(folder, "clothing", split, name), { recursive: true });
        for (const file of readdirSync(from).sort().slice(0, count))
          cpSync(join(from, file), join(folder, "clothing", split, name, file));
      }
    }
    const model = ["--model", join(shared, "models/deit_tiny_patch16_224"), "--scales", "1", "--fit", "squash", "--threads", "1"];
    const figures = async (...args: string[]) =>
      JSON.parse((await s2(["fit", "clothing", ...model, "--json", ...args], { cwd: folder })).out).figures.test;
    const first = await figures("-o", "heads/first");
    expect(first["top-1"].value).toBeGreaterThan(0.7); // by chance 0.25
    expect(await figures("-o", "heads/second")).toEqual(first);
  },
  240_000,
);
