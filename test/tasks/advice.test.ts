/** The verdict on S²: it follows from the figures, advises against S² without a significant gain, and prefers the cheaper of two equal configs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addImage, mean, newSums, pooled } from "../../src/metrics/index.ts";
import { adviseOn, type Candidate, gain, type TaskFigure } from "../../src/tasks/index.ts";

const IMAGES = 100;

/** A candidate that is right on the first `right` of 100 images. */
function candidate(name: string, right: number, tiles: number, better: TaskFigure["better"] = "higher"): Candidate {
  const sums = newSums(2);
  for (let i = 0; i < IMAGES; i++) addImage(sums, `${i}.jpg`, [i < right ? 1 : 0, 1]);
  const figure = { name: "top-1", score: pooled(sums, mean), better, unit: "fraction" } as const;
  return { name, figure, cost: { tiles, milliseconds: 10 * tiles, megabytes: 0.15 * Math.sqrt(tiles) } };
}

const scales = (one: number, two: number, three: number) => ({
  single: candidate("1x", one, 1),
  multi: [candidate("1x+2x", two, 5), candidate("1x+2x+3x", three, 14)],
});

describe("the verdict", () => {
  it("states gain and cost of S² where it helps, and takes the more expensive config only where it beats the cheaper one", () => {
    const cheaper = adviseOn(scales(60, 80, 80));
    expect([cheaper.use, cheaper.helps]).toEqual(["1x+2x", true]);
    expect(cheaper.sentences[0]).toMatch(
      /^Use 1x\+2x: top-1 is 20\.0 points \(1\d\.0 to 2\d\.0\) better than at 1x\. It costs 5\.0 times the tiles, 50 ms an image instead of 10 ms, 0\.34 MB/,
    );
    expect(adviseOn(scales(60, 75, 90)).use).toBe("1x+2x+3x");
    expect(adviseOn(scales(60, 60, 75)).use).toBe("1x+2x+3x");
  });

  it("advises against S² where the gain may be chance, with the smallest gain that would show, or where S² is worse", () => {
    const chance = adviseOn(scales(80, 81, 82));
    expect([chance.use, chance.helps]).toEqual(["1x", false]);
    expect(chance.sentences[0]).toMatch(
      /^Do not use S² here: its effect on top-1 may be chance .*On 100 test images a gain of less than about \d\.\d points would not show\.$/,
    );
    expect(adviseOn(scales(80, 60, 50)).sentences[0]).toMatch(/^Do not use S² here: it makes top-1 worse/);
    expect(adviseOn(scales(100, 100, 100)).sentences[0]).toMatch(
      /all configs are right and wrong alike; harder images would show more\.$/,
    );
  });

  it("treats lower errors as better", () => {
    const of = (right: number, tiles: number) => candidate(`${tiles}`, right, tiles, "lower");
    expect(gain(of(20, 5), of(40, 1)).value).toBeCloseTo(0.2, 12);
    expect(adviseOn({ single: of(40, 1), multi: [of(20, 5)] })).toMatchObject({ use: "5", helps: true });
    expect(adviseOn({ single: of(20, 1), multi: [of(40, 5)] })).toMatchObject({ use: "1", helps: false });
  });

  it("names what each control shows", () => {
    const three = scales(60, 80, 80);
    const sentences = adviseOn({
      ...three,
      projected: candidate("projected", 61, 14),
      upsampled: candidate("enlarged", 60, 14),
      largerInput: candidate("448x448 at once", 95, 4),
      larger: candidate("B", 95, 1),
    }).sentences.join("\n");
    expect(sentences).toContain("Channels: 1x+2x+3x in the channels of one scale is 1.0 points");
    expect(sentences).toContain("the gain may come from more channels");
    expect(sentences).toContain("the images' detail counts");
    expect(sentences).toContain("More pixels without S², 448x448 at once, is better than 1x+2x+3x: by 15.0 points");
    expect(sentences).toContain("The larger model, B, is better than 1x+2x: by 15.0 points");
  });

  it("never advises a config that is not significantly better than one scale", () => {
    const right = fc.integer({ min: 0, max: IMAGES });
    fc.assert(
      fc.property(right, right, right, (one, two, three) => {
        const given = scales(one, two, three);
        const { use, helps } = adviseOn(given);
        const used = [given.single, ...given.multi].find(({ name }) => name === use)!;
        expect(helps).toBe(use !== "1x");
        if (helps) expect(gain(used, given.single).low).toBeGreaterThan(0);
      }),
      { numRuns: 20 },
    );
  });
});
