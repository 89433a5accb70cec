/** The reference's own outputs (fixtures/*, READMEs there): who swaps our package for theirs must see the same numbers. */
import { describe, expect, it } from "vitest";
import { resize, S2Error, type S2Options, s2, type Tensor } from "../../src/core/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";
import { type Calls, type ToyModel, toyModel } from "./toy-models.ts";

interface S2Case {
  id: string;
  tag: string;
  params: Record<string, unknown>;
  model: ToyModel;
  input: Stored;
  output?: Stored;
  output_grid?: [number, number];
  calls: number[][];
  corners: number[][];
  error?: { kind: string; words: string };
  merge?: S2Options["merge"];
  quirk?: string;
}

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The reference's arguments as our options; where it got both kinds of sizes, the ones it used. */
function optionsOf({ params, merge }: S2Case, anyShape: boolean): S2Options {
  const given = Object.entries(params).filter(([, value]) => value !== null);
  const options = Object.fromEntries(given.map(([name, value]) => [camel(name), value])) as S2Options;
  if (options.imgSizes?.length && options.scales) delete options.scales;
  if (anyShape) options.splitMode ??= "resize";
  return { ...options, ...(merge && { merge }) };
}

function expectClose(got: Float32Array, expected: Float32Array, absolute: number, relative: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    if (!(Math.abs(got[i] - expected[i]) <= absolute + relative * Math.abs(expected[i]))) {
      expect.fail(`at ${i}: got ${got[i]}, expected ${expected[i]}`);
    }
  }
}

describe.each(["s2", "s2-any-shape", "paper-modes"])("%s", (folder) => {
  const golden = readGolden<S2Case>(folder);
  const answered = golden.cases.filter((c) => c.output);

  it.each(answered.map((c) => [`${c.id} ${c.tag}`, c] as const))(
    "%s: the reference's numbers, from the reference's calls",
    async (_, c) => {
      const calls: Calls = { dims: [], corners: [] };
      const input = golden.f32(c.input);
      const features = await s2(toyModel(c.model, golden, calls), input, optionsOf(c, folder === "s2-any-shape"));
      const expected = golden.f32(c.output!);
      expect(features.dims).toEqual(expected.dims);
      expectClose(features.data, expected.data, 1e-4, 1e-4);
      if (!c.calls) return;
      expect(calls.dims).toEqual(c.calls);
      calls.corners.forEach((corners, i) => {
        expectClose(Float32Array.from(corners), Float32Array.from(c.corners[i]), 1e-5, 1e-5);
      });
    },
  );

  it("streams: two tiles at a time give what a scale at once gives", async () => {
    for (const c of answered.filter((c) => c.model.kind !== "batch-mean")) {
      const options = { ...optionsOf(c, folder === "s2-any-shape"), splitForward: 2 };
      const features = await s2(toyModel(c.model, golden), golden.f32(c.input), options);
      expectClose(features.data, golden.f32(c.output!).data, 1e-4, 1e-4);
    }
  });
});

/** Cases that we answer and the reference refuses: HOUSE allows non-square images and mixed sizes, and 8.0 is 8 in JavaScript. */
const taken: Record<string, number> = { "s-167": 20, "a-191": 16, "a-192": 16 }; // -> tokens

describe.each(["s2", "s2-any-shape"])("%s refusals", (folder) => {
  const golden = readGolden<S2Case>(folder);
  const refused = golden.cases.filter((c) => c.error);

  it.each(refused.map((c) => [`${c.id} ${c.tag}`, c] as const))(
    "%s: a typed error with the words that theirs lacks",
    async (_, c) => {
      const run = s2(toyModel(c.model, golden), golden.f32(c.input), optionsOf(c, folder === "s2-any-shape"));
      if (taken[c.id]) {
        expect((await run).dims[1]).toBe(taken[c.id]);
        return;
      }
      const error = await run.then(
        () => expect.fail("was not refused"),
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(S2Error);
      expect((error as S2Error).code).toBe(c.error!.kind);
      expect((error as S2Error).message).toMatch(words[c.error!.kind]);
    },
  );
});

const words: Record<string, RegExp> = {
  "not-divisible": /divide evenly into .* tiles.*nearest size/,
  "not-4d": /batch, channels, height, width/,
  "no-scales": /scales.*imgSizes|at least one is needed/,
  "bchw-prefix": /bchw.*cannot have prefix tokens/,
  "output-shape": /expected bnc or bchw/,
  "bad-index": /points (past the last|before the first) scale/,
  "bad-size": /sizes must be/,
  "tokens-not-square": /no square number.*numPrefixToken/,
  "tokens-missing": /no patch token is left/,
  "wrong-rank": /must have [34] dimensions/,
  "no-max-split": /maxSplitSize must be given for non-square images/,
  "split-mode": /expected exact, resize, pad or cover/,
};

interface ResizeCase {
  id: string;
  mode: "bicubic" | "bilinear" | "area" | "nearest" | "nearest-exact";
  antialias: boolean;
  out_size: [number, number];
  input: Stored;
  output: Stored;
}

describe("resize", () => {
  const golden = readGolden<ResizeCase>("resize");
  it.each(golden.cases.map((c) => [`${c.id} ${c.mode} ${c.antialias ? "antialias " : ""}to ${c.out_size}`, c] as const))(
    "%s equals torch",
    (_, c) => {
      const got: Tensor = resize(golden.f32(c.input), c.out_size, { mode: c.mode, antialias: c.antialias });
      const expected = golden.f32(c.output);
      expect(got.dims).toEqual(expected.dims);
      expectClose(got.data, expected.data, c.mode.startsWith("nearest") ? 0 : 1e-5, 0);
    },
  );
});
