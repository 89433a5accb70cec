/** Results as sentences and pages: what is within the interval is said to be, and every committed page is its JSON's. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSignificant, verdict } from "../src/experiment.ts";
import { experiments } from "../src/experiments/index.ts";
import { figure, page, type Result, resultsIndex } from "../src/result.ts";

const folder = fileURLToPath(new URL("../results/", import.meta.url));
const files = readdirSync(folder);
const read = (name: string) => readFileSync(`${folder}${name}`, "utf8");

const names = experiments.map(({ name }) => name);
const run = names.filter((name) => files.includes(`${name}.json`));
const result = (name: string) => JSON.parse(read(`${name}.json`)) as Result;

describe("the pages in research/results", () => {
  it("every result has its page and plots, and nothing there is of an experiment that is gone", () => {
    const plots = run.flatMap((name) =>
      result(name).plots.flatMap((plot) => ["svg", "png"].map((end) => `${name}-${plot.name}.${end}`)),
    );
    const expected = ["README.md", ...run.flatMap((name) => [`${name}.json`, `${name}.md`]), ...plots];
    expect(files.filter((file) => file !== "images").sort()).toEqual(expected.sort());
    expect(run.length).toBeGreaterThan(0);
  });

  it.each(run)("%s.md is what its JSON says", (name) => {
    expect(read(`${name}.md`)).toBe(page(result(name)));
    expect(result(name).findings.length).toBeGreaterThan(0);
    expect(result(name).question).toBe(experiments.find((each) => each.name === name)!.question);
  });

  it("every experiment has its page, but for those whose runs take hours and are not finished", () => {
    expect(names.filter((name) => !run.includes(name))).toEqual(["capacity", "pretraining"]);
  });

  it("README.md lists them all", () => {
    expect(read("README.md")).toBe(resultsIndex(run.map(result)));
  });
});

describe("sentences", () => {
  const miou = { name: "mIoU", unit: "points", better: "higher" } as const;
  const error = { name: "RMSE", unit: "cm", better: "lower" } as const;

  it("say which is better, by how much, and when a difference is not significant", () => {
    expect(verdict("a", "b", { value: 3.14, low: 1, high: 5.21 }, miou)).toBe(
      "a is better than b: mIoU +3.1 points (+1.0 to +5.2).",
    );
    expect(verdict("a", "b", { value: 3.14, low: 1, high: 5.21 }, error)).toBe("a is worse than b: RMSE +3.1 cm (+1.0 to +5.2).");
    expect(verdict("a", "b", { value: -3.14, low: -5, high: -1 }, error)).toMatch(/^a is better than b: RMSE −3.1 cm/);
    expect(verdict("a", "b", { value: 3.14, low: -0.04, high: 5 }, { name: "x", better: "higher", digits: 2 })).toBe(
      "a and b do not differ significantly: x +3.14 (−0.04 to +5.00).",
    );
  });

  it("never call better what has 0 in its interval", () => {
    const number = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(number, number, number), (numbers) => {
        const [low, value, high] = [...numbers].sort((a, b) => a - b);
        const sentence = verdict("a", "b", { value, low, high }, miou);
        expect(/better|worse/.test(sentence)).toBe(low > 0 || high < 0);
        expect(isSignificant({ value, low, high })).toBe(low > 0 || high < 0);
      }),
    );
  });

  it("figures in tables have their interval, and no minus before zero", () => {
    expect(figure({ value: -0.04, low: -1.26, high: 1 })).toBe("0.0 (-1.3 to 1.0)");
    expect([figure(null), figure("right"), figure(-0.26, 1), figure(2500)]).toEqual(["–", "right", "-0.3", "2500"]);
  });
});
