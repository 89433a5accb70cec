/** The verdict on S²: it follows from the figures, says what it would need where they cannot decide, and prefers the cheaper of two equal configs. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addImage, compare, MIN_IMAGES, mean, newSums, pooled } from "../../src/metrics/index.ts";
import { adviseOn, type Candidate, gain, type TaskFigure } from "../../src/tasks/index.ts";
import { neededImages } from "../../src/tasks/needed-images.ts";
import { makeRandom } from "../../src/tensors/index.ts";

const IMAGES = 100;

function scoreOf(hits: readonly boolean[]) {
  const sums = newSums(2);
  for (const [i, hit] of hits.entries()) addImage(sums, `${i}.jpg`, [hit ? 1 : 0, 1]);
  return pooled(sums, mean);
}

interface Hits {
  readonly better?: TaskFigure["better"];
  readonly images?: number;
  /** The first image that it is right on. */
  readonly from?: number;
}

/** A candidate that is right on `right` images, one after the other. */
function candidate(
  name: string,
  right: number,
  tiles: number,
  { better = "higher", images = IMAGES, from = 0 }: Hits = {},
): Candidate {
  const score = scoreOf(Array.from({ length: images }, (_, i) => i >= from && i < from + right));
  const figure = { name: "top-1", score, better, unit: "fraction" } as const;
  return { name, figure, cost: { tiles, milliseconds: 10 * tiles, megabytes: 0.15 * Math.sqrt(tiles) } };
}

function scales(one: number, two: number, three: number, hits?: Hits) {
  const multi = [candidate("1x+2x", two, 5, hits), candidate("1x+2x+3x", three, 14, hits)];
  return { single: candidate("1x", one, 1, { ...hits, from: 0 }), multi, controlled: multi[1] };
}

describe("the verdict", () => {
  it("states gain and cost of S² where it helps, and takes the more expensive config only where it beats the cheaper one", () => {
    const cheaper = adviseOn(scales(60, 80, 80));
    expect([cheaper.use, cheaper.helps, cheaper.needed]).toEqual(["1x+2x", true, undefined]);
    expect(cheaper.sentences[0]).toMatch(
      /^Use 1x\+2x: top-1 is 20\.0 points \(1\d\.0 to 2\d\.0\) better than at 1x\. It costs 5\.0 times the tiles, 50 ms an image instead of 10 ms, 0\.34 MB/,
    );
    expect(adviseOn(scales(60, 75, 90)).use).toBe("1x+2x+3x");
    expect(adviseOn(scales(60, 60, 75)).use).toBe("1x+2x+3x");
  });

  it("takes the config that runs on fewer tiles, in whichever order configs are listed", () => {
    const { single, multi, controlled } = scales(60, 80, 80);
    expect(adviseOn({ single, multi: [...multi].reverse(), controlled }).use).toBe("1x+2x");
  });

  it("advises against S² only where it is worse with certainty", () => {
    const worse = adviseOn(scales(80, 60, 50));
    expect([worse.use, worse.helps, worse.needed]).toEqual(["1x", false, undefined]);
    expect(worse.sentences[0]).toMatch(/^Do not use S² here: it makes top-1 worse \(better than 1x by: 1x\+2x -20\.0 points/);
    expect(adviseOn(scales(80, 60, 79)).use).toBeUndefined(); // 1x+2x+3x may be better yet
  });

  it("treats lower errors as better", () => {
    const of = (right: number, tiles: number) => candidate(`${tiles}`, right, tiles, { better: "lower" });
    const advice = (one: number, five: number) => adviseOn({ single: of(one, 1), multi: [of(five, 5)], controlled: of(five, 5) });
    expect(gain(of(20, 5), of(40, 1)).value).toBeCloseTo(0.2, 12);
    expect(advice(40, 20)).toMatchObject({ use: "5", helps: true });
    expect(advice(20, 40)).toMatchObject({ use: "1", helps: false });
    expect(advice(21, 20).needed?.images).toBeGreaterThan(IMAGES);
  });

  it("names what each control shows", () => {
    const { single, multi, controlled } = scales(60, 80, 80);
    const sentences = adviseOn({
      ...{ single, multi: [...multi, candidate("a preset", 80, 16)], controlled },
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
        const { use, helps, needed } = adviseOn(given);
        const used = [given.single, ...given.multi].find(({ name }) => name === use)!;
        expect([helps, needed !== undefined]).toEqual([use !== undefined && use !== "1x", use === undefined]);
        if (helps) expect(gain(used, given.single).low).toBeGreaterThan(0);
        if (use === "1x") for (const each of given.multi) expect(gain(each, given.single).high).toBeLessThan(0);
        if (needed?.images) expect(needed.images).toBeGreaterThan(IMAGES);
        const most = Math.max(...given.multi.map((each) => gain(each, given.single).high));
        if (needed && !needed.images) expect(most).toBeLessThanOrEqual(needed.detectable!);
      }),
      { numRuns: 20 },
    );
  });
});

describe("where the test images cannot decide", () => {
  it("names the number of images that would: 1/n of the squared standard error, 95 % and 80 % power, for the config that needs the fewest", () => {
    const { use, helps, needed, sentences } = adviseOn(scales(80, 81, 82));
    expect([use, helps]).toEqual([undefined, false]);
    const error = Math.sqrt((0.02 * 0.98) / IMAGES); // of 1x+2x+3x, which gains 2 points
    expect(needed!.detectable! / (2.8 * error)).toBeCloseTo(1, 1);
    expect(needed!.images! / (IMAGES * ((2.8 * error) / 0.02) ** 2)).toBeCloseTo(1, 1); // 384
    expect(needed!.images! % 10).toBe(0);
    expect(sentences[0]).toBe(
      `Cannot tell: about ${needed!.images} test images are needed, and there are 100. The effect of S² on top-1 may be chance (better than 1x by: 1x+2x 1.0 points (0.0 to 3.0), 1x+2x+3x 2.0 points (0.0 to 5.0)); so many images would show a difference of this size in 80 of 100 cases.`,
    );
  });

  it("names the number that shows all losses where nothing has gained", () => {
    const [small, large] = [adviseOn(scales(80, 79, 79)), adviseOn(scales(80, 79, 78))];
    expect(large.use).toBeUndefined();
    expect(large.needed!.images).toBe(small.needed!.images); // that of 1x+2x, which loses one image
  });

  it("shows in 80 of 100 data sets of that many images what fewer could not", () => {
    const random = makeRandom(5);
    const draw = (count: number) => {
      const drawn = Array.from({ length: count }, random);
      return [scoreOf(drawn.map((at) => at < 0.7)), scoreOf(drawn.map((at) => at < 0.6 || at > 0.8))] as const; // 10 points worse, 20 better
    };
    const error = Math.sqrt((0.3 - 0.1 ** 2) / IMAGES); // of this difference on 100 images
    const images = neededImages([{ value: 0.1, error }], IMAGES).images!; // 230
    let shown = 0;
    for (let seed = 0; seed < 200; seed++) {
      const [one, two] = draw(images);
      if (compare(two, one, { seed, resamples: 200 }).low > 0) shown++;
    }
    expect(shown / 200).toBeGreaterThan(0.72);
    expect(shown / 200).toBeLessThan(0.9);
  });

  it("says how small a gain the images exclude where the measured one is about 0", () => {
    const { needed, sentences, use } = adviseOn(scales(80, 80, 80, { from: 5 }));
    expect([use, needed!.images]).toEqual([undefined, undefined]);
    expect(needed!.detectable! / (2.8 * Math.sqrt(0.1 / IMAGES))).toBeCloseTo(1, 1);
    expect(sentences[0]).toMatch(
      /^Cannot tell: the effect of S² on top-1 is about 0 \(better .*\)\. The 100 test images would show a gain of \d\.\d points in 80 of 100 cases; S² gains less than that\.$/,
    );
    const alike = adviseOn(scales(100, 100, 100));
    expect(alike.needed).toEqual({ detectable: 0 });
    expect(alike.sentences[0]).toBe(
      "Cannot tell: on the 100 test images all configs are right and wrong alike; harder images would show more.",
    );
  });

  it("advises nothing on fewer images than an interval needs, however clear they seem, and explains no controls", () => {
    const few = scales(0, MIN_IMAGES - 1, MIN_IMAGES - 1, { images: MIN_IMAGES - 1 });
    const advice = adviseOn({ ...few, upsampled: few.single, larger: few.single });
    expect(advice).toEqual({ helps: false, needed: { images: MIN_IMAGES }, sentences: [expect.any(String)] });
    expect(advice.sentences[0]).toMatch(/^Cannot tell: at least 50 test images are needed, got 49\./);
    expect(adviseOn(scales(0, MIN_IMAGES, MIN_IMAGES, { images: MIN_IMAGES })).use).toBe("1x+2x");
  });

  it("takes the fewest images from the simulation of intervals", () => {
    const { figures } = JSON.parse(readFileSync(new URL("../../bench/results/intervals.json", import.meta.url), "utf8"));
    expect(Math.max(...figures.map(({ value }: { value: number }) => value))).toBe(MIN_IMAGES);
  });
});
