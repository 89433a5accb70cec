/** The verdict on S²: it follows from the figures, says no where nothing is shown, and takes the cheaper way where the dearer adds nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addPhoto, mean, openTally, pooled } from "../../src/metrics/index.ts";
import { adviseOn, type Candidate, gain, type TaskFigure } from "../../src/tasks/index.ts";

const PHOTOS = 100;

/** Right on the first `right` of 100 photos. */
function candidate(name: string, right: number, tiles: number, better: TaskFigure["better"] = "higher"): Candidate {
  const tally = openTally(2);
  for (let i = 0; i < PHOTOS; i++) addPhoto(tally, `${i}.jpg`, [i < right ? 1 : 0, 1]);
  const figure = { name: "top-1", score: pooled(tally, mean), better, unit: "share" } as const;
  return { name, figure, cost: { tiles, milliseconds: 10 * tiles, megabytes: 0.15 * Math.sqrt(tiles) } };
}

const ways = (one: number, two: number, three: number) => ({
  single: candidate("1x", one, 1),
  multi: [candidate("1x+2x", two, 5), candidate("1x+2x+3x", three, 14)],
});

describe("the verdict", () => {
  it("says what S² adds and costs where it helps, and takes the dearer way only where it adds to the cheaper one", () => {
    const cheaper = adviseOn(ways(60, 80, 80));
    expect([cheaper.use, cheaper.helps]).toEqual(["1x+2x", true]);
    expect(cheaper.sentences[0]).toMatch(
      /^Use 1x\+2x: top-1 is 20\.0 points \(1\d\.0 to 2\d\.0\) better than at 1x\. It costs 5\.0 times the tiles, 50 ms a photo instead of 10 ms, 0\.34 MB/,
    );
    expect(adviseOn(ways(60, 75, 90)).use).toBe("1x+2x+3x");
    expect(adviseOn(ways(60, 60, 75)).use).toBe("1x+2x+3x");
  });

  it("says no where the gain may be chance, how small a gain would not show, and that it is worse where it is", () => {
    const chance = adviseOn(ways(80, 81, 82));
    expect([chance.use, chance.helps]).toEqual(["1x", false]);
    expect(chance.sentences[0]).toMatch(
      /^Do not use S² here: what it adds to top-1 may be chance .*On 100 test photos a gain of less than about \d\.\d points would not show\.$/,
    );
    expect(adviseOn(ways(80, 60, 50)).sentences[0]).toMatch(/^Do not use S² here: it makes top-1 worse/);
    expect(adviseOn(ways(100, 100, 100)).sentences[0]).toMatch(
      /all ways are right and wrong alike; harder ones would tell more\.$/,
    );
  });

  it("of errors less is better", () => {
    const of = (right: number, tiles: number) => candidate(`${tiles}`, right, tiles, "lower");
    expect(gain(of(20, 5), of(40, 1)).value).toBeCloseTo(0.2, 12);
    expect(adviseOn({ single: of(40, 1), multi: [of(20, 5)] })).toMatchObject({ use: "5", helps: true });
    expect(adviseOn({ single: of(20, 1), multi: [of(40, 5)] })).toMatchObject({ use: "1", helps: false });
  });

  it("names what each control shows", () => {
    const three = ways(60, 80, 80);
    const said = adviseOn({
      ...three,
      narrow: candidate("narrow", 61, 14),
      enlarged: candidate("enlarged", 60, 14),
      whole: candidate("448x448 at once", 95, 4),
      larger: candidate("B", 95, 1),
    }).sentences.join("\n");
    expect(said).toContain("Width: 1x+2x+3x in the channels of one scale is 1.0 points");
    expect(said).toContain("the gain may be that of more channels");
    expect(said).toContain("the photos' own detail counts");
    expect(said).toContain("More pixels without S², 448x448 at once, is better than 1x+2x+3x: by 15.0 points");
    expect(said).toContain("The larger model, B, is better than 1x+2x: by 15.0 points");
  });

  it("never advises what is not shown to be better than one scale", () => {
    const right = fc.integer({ min: 0, max: PHOTOS });
    fc.assert(
      fc.property(right, right, right, (one, two, three) => {
        const given = ways(one, two, three);
        const { use, helps } = adviseOn(given);
        const used = [given.single, ...given.multi].find(({ name }) => name === use)!;
        expect(helps).toBe(use !== "1x");
        if (helps) expect(gain(used, given.single).low).toBeGreaterThan(0);
      }),
      { numRuns: 20 },
    );
  });
});
