/** The public surface stays small and documented: each public name is one more to learn, and to keep. */
import { expect, it } from "vitest";
import { publicNames, questionDocstrings } from "../../scripts/public-names.mjs";

/** Bounds, the first of which rises for a new feature alone: 290 names, none of them with two meanings, all documented, and less than one docstring of a hundred that begins with a question word. */
const maxNames = 290;
const maxTwice = 0;
const maxUndocumented = 0;
const maxUndocumentedOptions = 0;
const maxQuestionDocstrings = 0.01;

const names = publicNames();
const list = (lines: readonly string[]) => ["", ...lines, "(node scripts/public-names.mjs prints all)"].join("\n");

it(`at most ${maxNames} names are public`, () => {
  expect(names.length).toBeGreaterThan(100); // fewer means that the entries were not read
  expect(names.length, list(names.map(({ name, entries }) => `${name} ${entries.join(" ")}`))).toBeLessThanOrEqual(maxNames);
});

it("no name means two things, but for what Node and pages each have", () => {
  const twice = names.filter((name) => names.some((other) => other !== name && other.name === name.name));
  expect(new Set(twice.map(({ name }) => name)).size, list(twice.map(({ name, at }) => `${at} ${name}`))).toBeLessThanOrEqual(
    maxTwice,
  );
});

it("every public name has a docstring", () => {
  const missing = names.filter(({ documented }) => !documented).map(({ name, at }) => `${at} ${name}`);
  expect(missing.length, list(missing)).toBeLessThanOrEqual(maxUndocumented);
});

it("every property of a public type of options has a docstring", () => {
  const options = names.filter(({ name }) => name.endsWith("Options"));
  expect(options.length).toBeGreaterThan(10);
  const missing = options.flatMap(({ name, at, undocumented }) => undocumented.map((property) => `${at} ${name}.${property}`));
  expect(missing.length, list(missing)).toBeLessThanOrEqual(maxUndocumentedOptions);
});

it("docstrings begin with a verb or a noun phrase", () => {
  const { all, questions } = questionDocstrings();
  const message = list(questions.map(({ at, text }) => `${at} ${text.slice(0, 60)}`));
  expect(all.length).toBeGreaterThan(1000);
  expect(questions.length / all.length, message).toBeLessThan(maxQuestionDocstrings);
});
