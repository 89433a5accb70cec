/** A fair sample of the hostile files in the suite; `node test/hostile/run.mjs photos --count 3000` loads them all. */
import { expect, it } from "vitest";
import { faultsOf, type Loaded, loadAll } from "./load-all.mjs";

/** Every 20th of 3,000, with few of the bombs, which take seconds each. */
const sample = Array.from({ length: 150 }, (_, n) => 20 * n + 1 + (n % 19));

it("150 hostile photos are loaded or refused with a sentence, within 1 GB, none of them for long", {
  timeout: 300_000,
}, async () => {
  // a minute, for a file that takes a second may take long on a machine with other work
  const results = await loadAll({ corpus: "photos", seed: 1, indices: sample, seconds: 60 });
  expect(faultsOf(results)).toEqual([]);
  const count = (outcome: Loaded["outcome"]) => results.filter((file) => file.outcome === outcome).length;
  expect(results.length).toBe(sample.length);
  expect([count("ok"), count("refused")].every((number) => number > 20)).toBe(true); // the corpus is neither harmless nor hopeless
});

it("a file makes the same bytes for the same seed, so that what is found can be looked at again", {
  timeout: 60_000,
}, async () => {
  const { photos } = await import("./photos.ts");
  for (const i of [2, 3, 12, 26]) {
    const [once, again] = [await photos.make(5, i), await photos.make(5, i)];
    expect(Buffer.compare(once.bytes!, again.bytes!)).toBe(0);
    expect((await photos.make(6, i)).bytes).not.toEqual(once.bytes);
  }
});
