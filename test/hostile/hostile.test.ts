/** A fair sample of the hostile files in the suite; `node test/hostile/run.mjs` loads them all. */
import { describe, expect, it } from "vitest";
import { digestsOf, faultsOf, type Loaded, loadAll } from "./load-all.mjs";

/** Spread evenly: of images every 20th of 3,000, with few of the bombs, which take seconds each. */
const samples: Record<string, readonly number[]> = {
  images: Array.from({ length: 150 }, (_, n) => 20 * n + 1 + (n % 19)),
  models: Array.from({ length: 150 }, (_, n) => 13 * n + 1),
  data: Array.from({ length: 150 }, (_, n) => 13 * n + 1),
};

describe.each(Object.keys(samples))("hostile %s", (corpus) => {
  it("are loaded or refused with a sentence, within 1 GB, none of them for long", { timeout: 300_000 }, async () => {
    // a minute, for a file that takes a second may take long on a machine with other work
    const results = await loadAll({ corpus, seed: 1, indices: samples[corpus], seconds: 60 });
    expect(faultsOf(results)).toEqual([]);
    const count = (outcome: Loaded["outcome"]) => results.filter((file) => file.outcome === outcome).length;
    expect(results.length).toBe(samples[corpus].length);
    expect([count("ok"), count("refused")].every((number) => number > 20)).toBe(true); // neither harmless nor hopeless
  });

  it("are the same for the same seed, so that what is found can be looked at again", { timeout: 300_000 }, async () => {
    const digests = (seed: number) => digestsOf({ corpus, seed, indices: [2, 3, 26] });
    const once = await digests(5);
    expect(await digests(5)).toEqual(once);
    for (const [n, other] of (await digests(6)).entries()) expect(other).not.toBe(once[n]);
  });
});
