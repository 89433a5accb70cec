/** Polygons and run lengths become the masks that pycocotools makes of them, and hostile ones end in a sentence, soon and in little memory. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { paintClasses, paletteOf } from "../../src/datasets/paint-classes.ts";
import { polygonRuns, readRuns } from "../../src/datasets/runs.ts";

interface Golden {
  readonly size: [number, number];
  readonly polygons: number[][] | null;
  readonly counts: number[];
  readonly string: string;
}
const goldens: Golden[] = JSON.parse(readFileSync(new URL("../fixtures/coco/masks.json", import.meta.url), "utf8"));
const palette = paletteOf(["cat", "dog"], 255);
const [CAT, DOG, NONE] = [0, 1, 2];

/** Run lengths as a mask of 0 and 1 down the columns. */
const bitsOf = (runs: ArrayLike<number>) => Array.from(runs).flatMap((run, i) => new Array<number>(run).fill(i % 2));

/** Rows of a painted mask as columns, so that it compares to run lengths. */
const columns = ({ width, height, data }: { width: number; height: number; data: ArrayLike<number> }) =>
  Array.from({ length: width * height }, (_, i) => data[(i % height) * width + Math.floor(i / height)]);

describe("masks of pycocotools", () => {
  it("are drawn from polygons pixel for pixel: points outside, repeated points, crossings, several parts", () => {
    const drawn = goldens.filter(({ polygons }) => polygons !== null);
    expect(drawn.length).toBeGreaterThan(60);
    for (const { size, polygons, counts } of drawn) {
      const mask = paintClasses([{ label: CAT, polygons: polygons!, name: "a" }], size, palette);
      expect(columns(mask), JSON.stringify(polygons)).toEqual(bitsOf(counts).map((bit) => (bit ? CAT : NONE)));
    }
  });

  it("are read from run lengths, as a list and packed into a string", () => {
    for (const { size, counts, string } of goldens) {
      expect(Array.from(readRuns(string, size[0] * size[1])), string).toEqual(counts);
      expect(readRuns(counts, size[0] * size[1])).toEqual(counts);
    }
  });
});

describe("classes of painted objects", () => {
  const box = (left: number, top: number, right: number, bottom: number) => [left, top, right, top, right, bottom, left, bottom];

  it("are ignored where two classes overlap, in any order, and kept where objects of one class do", () => {
    const shapes = [
      { label: CAT, polygons: [box(0, 0, 2, 2)], name: "a" },
      { label: CAT, polygons: [box(1, 0, 3, 2)], name: "b" },
      { label: DOG, polygons: [box(2, 1, 4, 2)], name: "c" },
      { label: CAT, polygons: [box(2, 1, 3, 2)], name: "d" },
    ];
    const expected = [CAT, CAT, CAT, NONE, CAT, CAT, 255, DOG];
    expect([...paintClasses(shapes, [2, 4], palette).data]).toEqual(expected);
    expect([...paintClasses(shapes.toReversed(), [2, 4], palette).data]).toEqual(expected);
    const ignoring = paintClasses(shapes, [2, 4], { ...palette, ignore: NONE });
    expect([...ignoring.data]).toEqual([CAT, CAT, CAT, NONE, CAT, CAT, NONE, DOG]);
  });

  it("come after those of the objects for the background, unless a category is called so, and need 16 bits from 255 on", () => {
    expect(paletteOf(["Background", "cat"], 255)).toEqual({ classes: ["Background", "cat"], background: 0, ignore: 255 });
    const many = paletteOf(
      Array.from({ length: 300 }, (_, i) => `class ${i}`),
      65535,
    );
    const mask = paintClasses(
      [
        { label: 299, counts: [0, 2, 2], name: "a" },
        { label: 254, counts: [1, 2, 1], name: "b" },
      ],
      [2, 2],
      many,
    );
    expect(columns(mask)).toEqual([299, 65535, 254, 300]);
  });
});

describe("hostile masks", () => {
  const size: [number, number] = [20, 30];
  const refused = (shape: object, at: [number, number] = size) => {
    try {
      paintClasses([{ label: CAT, name: "annotation 7", ...shape }], at, palette);
    } catch (error) {
      expect(error).toBeInstanceOf(S2Error);
      return (error as Error).message;
    }
    return "painted";
  };

  it("are refused with the annotation and the cause", () => {
    expect(refused({ polygons: [[1, 1, 2, 2]] })).toBe(
      "annotation 7: its polygon has 4 numbers; expected x and y of at least 3 points",
    );
    expect(refused({ polygons: [[1, 1, 2, 2, 3]] })).toContain("has 5 numbers");
    expect(refused({ polygons: [[1, 1, 2, 2, 3, 3, 4]] })).toContain("has 7 numbers");
    expect(refused({ polygons: [[1, 1, 2, Number.NaN, 3, 3]] })).toContain("number 3 of its polygon is null");
    expect(refused({ polygons: [[1, 1, "2", 2, 3, 3]] })).toContain('number 2 of its polygon is "2"; expected a coordinate');
    expect(refused({ polygons: [[1, 1, 1e300, 2, 3, 3]] })).toContain("in an image 30x20");
    expect(refused({ polygons: [[1, 1, 2, -21, 3, 3]] })).toContain("number 3 of its polygon is -21");
    expect(refused({ counts: [600.5] })).toContain("run 0 of its mask is 600.5; expected a whole number from 0");
    expect(refused({ counts: [700, -100] })).toContain("run 1 of its mask is -100");
    expect(refused({ counts: [1, 2] })).toContain("cover 3 pixels and the image has 600");
    expect(refused({ counts: [2 ** 53, 2 ** 53] })).toContain("the image has 600");
    expect(refused({ counts: "PPPPPPPPPPPPPPPPPP" })).toContain("string of its mask is damaged at character 7");
    expect(refused({ counts: "P" })).toContain("damaged at character 1");
    expect(refused({ counts: "0 1" })).toContain("damaged at character 1");
    expect(refused({ counts: "" })).toContain("cover 0 pixels");
  });

  it("are refused when they ask for more work than any image needs", () => {
    const zigzag = Array.from({ length: 7000 }, (_, i) => [i % 2 === 0 ? 0 : 7000, 0]).flat();
    expect(refused({ polygons: [zigzag] }, [1, 7000])).toContain("longer than");
    expect(refused({}, [65535, 65535])).toContain("masks are painted up to");
    const whole = { label: CAT, counts: [0, 2 ** 20], name: "annotation 8" };
    const covers = () => paintClasses(new Array(129).fill(whole), [1, 2 ** 20], palette);
    expect(covers).toThrow("cover more pixels together");
  });

  it("never give runs that do not cover the image, whatever the numbers", () => {
    const coordinate = fc.double({ min: -20, max: 40, noNaN: true });
    const polygons = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(polygons, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (points, height, width) => {
        const runs = Array.from(polygonRuns(points.flat(), [height, width], { steps: 1e6 }));
        expect(runs.every((run, i) => run > 0 || (i === 0 && run === 0) || i === runs.length - 1)).toBe(true);
        expect(runs.reduce((sum, run) => sum + run, 0)).toBe(height * width);
      }),
      { seed: 3, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 40, max: 120 }).map((code) => String.fromCharCode(code)) }), (text) => {
        const message = refused({ counts: text });
        expect(message).toMatch(/^(annotation 7: |painted)/);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
