/** Help and refusals: a wrong word gets the right one named, a wrong value a sentence, never a stack; scripts can tell them by the status. */
import { describe, expect, it } from "vitest";
import { inFlags } from "../../src/cli/errors.ts";
import { readSize } from "../../src/cli/flag-values.ts";
import { drawImage, s2, s2Process, tempFolder, tiny } from "./s2.ts";

describe("help", () => {
  it("names the commands and documents the exit status", async () => {
    const { status, out, err } = await s2Process(["--help"]);
    expect([status, err]).toEqual([0, ""]);
    for (const word of ["extract", "plan", "inspect", "Exit status: 0 ", "130 ended by Ctrl-C"]) expect(out).toContain(word);
    expect((await s2Process([])).out).toBe(out);
  });

  it.each(["extract", "plan", "inspect"])("%s has examples", async (command) => {
    const { status, out } = await s2([command, "--help"]);
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`\nExamples:\n  s2 ${command}\\b`));
  });

  it("the version is the package's", async () => {
    expect(await s2Process(["--version"])).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});

describe("wrong usage ends with 2 and says what is right", () => {
  it.each([
    [["extarct", "x.jpg"], "Did you mean extract?"],
    [["extract", "x.jpg", "--scale", "1"], "Did you mean --scales?"],
    [["extract", "x.jpg", "--slpit-mode", "pad"], "Did you mean --split-mode?"],
    [["extract"], "missing required argument 'IMAGE'"],
    [["extract", "x.jpg", "--scales", "1,b"], "positive numbers with commas"],
    [["extract", "x.jpg", "--scales", "1", "--img-sizes", "32"], "cannot be used with option '--img-sizes"],
    [["extract", "x.jpg", "--dynamic", "--fit", "crop"], "cannot be used with option '--fit"],
    [["extract", "x.jpg", "--split-mode", "cut"], "Allowed choices are exact, resize, pad"],
    [["extract", "x.jpg", "--overlap", "-1"], "whole number from 0"],
    [["extract", "x.jpg", ...tiny, "--resize-output-to-idx", "-3"], "--resize-output-to-idx is -3"],
    [["extract", "x.jpg", ...tiny, "--max-tiles", "9"], "--max-tiles belongs to --dynamic"],
    [["extract", "x.jpg", ...tiny, "--fit", "squash", "--scales", "1.5"], "but the model takes 32x32"],
    [["extract", "x.jpg", "--out", "x.npy", "--format", "safetensors"], "make them agree"],
    [["extract", "x.jpg", "y.jpg", "--out", "x.npy"], "is one file, but there are 2 images"],
    [["extract", "a/x.jpg", "b/x.jpg"], "would both become features/x.safetensors"],
    [["plan", "100x100", "--dynamic", "--img-sizes", "64x32"], "expected a side"],
    [["plan", "0x100"], "0 px wide"],
  ])("s2 %j", async (args, said) => {
    const { status, out, err } = await s2(args);
    expect(err).toContain(said);
    expect(err).not.toMatch(/^ +at /m);
    expect([status, out]).toEqual([2, ""]);
  });
});

describe("a model that cannot be had ends with 3", () => {
  it("not there, or its prefix tokens unknown: the question and the flag", async () => {
    expect(await s2(["inspect", "nowhere.onnx"])).toMatchObject({ status: 3, err: expect.stringContaining("nowhere.onnx") });
    const { status, err } = await s2(["inspect", tiny[1]]);
    expect(status).toBe(3);
    expect(err).toContain("Give --prefix-tokens 1");
  });
});

it("an unexpected error is one line, and S2_DEBUG=1 its stack", async () => {
  const folder = tempFolder();
  const image = await drawImage(`${folder}/photo.png`);
  const args = ["extract", image, ...tiny, "--out", `${image}/features`]; // a folder below a file
  const { status, err } = await s2(args);
  expect(status).not.toBe(0);
  expect(err).toMatch(/^error: .*cannot be used \(ENOTDIR\).*\n$/m);
  expect((await s2Process(args, { env: { S2_DEBUG: "1" } })).err).toMatch(/^ +at /m);
});

it("sizes are read as WIDTHxHEIGHT", () => {
  expect([readSize("224"), readSize("336x224"), readSize("336×224")]).toEqual([224, [224, 336], [224, 336]]);
  for (const wrong of ["", "0", "2.5", "3x", "x3", "3x0", "-4", "1x2x3"])
    expect(() => readSize(wrong)).toThrow("Expected pixels");
});

it("messages name flags for exactly the options that the error lists", () => {
  const message =
    'overlap is 3; use splitMode "resize" or fusion "aligned", set traits.patchSize; photo.overlap and overlaps stay.';
  expect(inFlags({ message })).toBe(message);
  expect(inFlags({ message, option: ["overlap", "splitMode", "patchSize", "antialias"] })).toBe(
    '--overlap is 3; use --split-mode "resize" or fusion "aligned", set --patch-size; photo.overlap and overlaps stay.',
  );
});
