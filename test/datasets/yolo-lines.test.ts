/** Label files as tools leave them give the boxes and masks that they mean, or a sentence with the file, the line and the cause. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { openDataSet, type Task } from "../../src/datasets/index.ts";
import { readBoxes } from "../../src/datasets/yolo-boxes.ts";
import { type Files, folderOf, imageFile } from "./data-folder.ts";

const yaml = "names: {0: cup, 1: cat}\n";
const WIDE = 64;
const HIGH = 48;

async function read(labels: string | Uint8Array, task: Task = "counting", data = yaml) {
  const files: Files = { "data.yaml": data, "images/a.png": imageFile(1, WIDE, HIGH), "labels/a.txt": labels };
  const { splits, issues } = await openDataSet(folderOf(files), { task });
  return { item: splits.all[0], reason: issues.find(({ path }) => path === "labels/a.txt")?.reason };
}

const whole = { label: 0, left: 0, top: 0, width: WIDE, height: HIGH };
const middle = { label: 0, left: 19.2, top: 14.4, width: 25.6, height: 19.2 };
const small = { label: 1, left: 9.6, top: 7.2, width: 6.4, height: 4.8 };
const near = (boxes: readonly object[]) =>
  boxes.map((box) => Object.fromEntries(Object.entries(box).map(([key, value]) => [key, expect.closeTo(value, 4)])));

describe("a line of a label file", () => {
  it.each<[string, string | Uint8Array, object[]]>([
    ["has a byte order mark and Windows line ends", "\ufeff0 0.5 0.5 0.4 0.4\r\n1 0.2 0.2 0.1 0.1\r\n", [middle, small]],
    ["ends as on old Macs", "0 0.5 0.5 0.4 0.4\r1 0.2 0.2 0.1 0.1", [middle, small]],
    ["is separated by tabs and has spaces around", " 0\t0.5\t0.5\t0.4\t0.4 \n\n  \n", [middle]],
    ["is in scientific notation", "0 5e-1 0.5 4E-1 +.4", [middle]],
    ["has its class as a float", "0.0 0.5 0.5 0.4 0.4\n1.000 0.2 0.2 0.1 0.1", [middle, small]],
    ["is a polygon, of which the bounding box is taken", "0 0.3 0.5 0.5 0.3 0.7 0.5 0.5 0.7", [middle]],
    ["is a box beside a polygon", "1 0.2 0.2 0.1 0.1\n0 0.3 0.3 0.7 0.3 0.7 0.7", [small, middle]],
    ["is said twice, which is one object", "0 0.5 0.5 0.4 0.4\n0 0.50 0.5 0.4 0.4\n", [middle]],
    ["is larger than the image by a rounding", "0 0.5 0.5 1.0000001 1.0000001", [whole]],
    [
      "reaches out of the image by less than a pixel",
      "0 0.503 0.497 1 1",
      [{ ...whole, left: 0.192, width: 63.808, height: 47.856 }],
    ],
    ["is not there, as in an empty file", "", []],
    ["is not there, as in a file of blank lines", "\n \r\n", []],
  ])("%s", async (_, labels, boxes) => {
    const { item, reason } = await read(labels);
    expect(reason).toBeUndefined();
    expect((item as { boxes?: object[] }).boxes).toEqual(near(boxes));
  });

  it.each<[string, string | Uint8Array, string]>([
    ["commas", "0, 0.5, 0.5, 0.4, 0.4", 'line 1 has a comma in "0,"; expected numbers with points, separated by spaces'],
    ["decimal commas, which make as many words as a polygon", "0 0,5 0,5 0,4 0,4", 'has a comma in "0,5"'],
    ["a confidence", "0 0.5 0.5 0.4 0.4 0.93", "has 6 numbers, as predictions with a confidence have"],
    ["keypoints", "0 0.5 0.5 0.4 0.4 0.5 0.5 2 0.4 0.4 2", "as a box with keypoints has; write kpt_shape into data.yaml"],
    ["half a point", "0 0.1 0.1 0.4 0.1 0.4 0.4 0.1", "has 8 numbers, expected 5"],
    ["too few numbers", "0 0.1 0.1 0.4", "has 4 numbers, expected 5"],
    ["no width", "0 0.5 0.5 0.4 0.4\n1 0.3 0.3 0 0.1", "line 2 has no area"],
    ["a negative height", "0 0.5 0.5 0.4 -0.4", "has no area"],
    ["a polygon on a line", "0 0.1 0.1 0.4 0.1 0.3 0.1", "has no area"],
    ["a box outside", "0 0.95 0.5 0.2 0.4", "reaches 3.2 pixels out of the image, which is 64x48"],
    ["a negative center", "0 -0.01 0.5 0.1 0.4", "reaches 3.8 pixels out of the image"],
    ["pixels", "0 32 24 10 10", "has the numbers 32 24 10 10, expected parts of the image from 0 to 1, not pixels"],
    ["a huge number", "0 1e308 0.5 1e308 1e999", "not pixels"],
    ["a class without a name", "2 0.5 0.5 0.4 0.4", "is of class 2, which has no name"],
    ["a negative class", "-1 0.5 0.5 0.4 0.4", "is of class -1, which has no name"],
    ["a class between two", "0.5 0.5 0.5 0.4 0.4", "is of class 0.5, which has no name"],
    ["a name in place of the id", "cup 0.5 0.5 0.4 0.4", 'has "cup", which is no number'],
    ["not a number", "0 nan 0.5 0.4 0.4", 'has "nan", which is no number'],
    ["hexadecimal digits", "0 0x1 0.5 0.4 0.4", 'has "0x1", which is no number'],
    ["a comment", "# cups\n0 0.5 0.5 0.4 0.4", 'line 1 has "#", which is no number'],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x30, 0, 0x20, 0]), "It is no text in UTF-8"],
  ])("is refused for %s", async (_, labels, cause) => {
    const { item, reason } = await read(labels);
    expect(item).toBeUndefined();
    expect(reason).toContain(cause);
  });

  it("is a box with keypoints where data.yaml says so, and refused when it has another number of them", async () => {
    const pose = `${yaml}kpt_shape: [2, 3]\n`;
    const { item } = await read("0 0.5 0.5 0.4 0.4 0.5 0.5 1 0 0 0\n", "counting", pose);
    expect((item as { boxes?: object[] }).boxes).toEqual(near([middle]));
    expect((await read("0 0.5 0.5 0.4 0.4 0.5 0.5 1", "counting", pose)).reason).toContain(
      "has 8 numbers, expected 11: kpt_shape is 2 x 3",
    );
    await expect(read("", "counting", `${yaml}kpt_shape: 17\n`)).rejects.toThrow("not [number of keypoints, 2 or 3]");
  });

  it("never ends in an error of another kind, and gives boxes inside of the image alone", () => {
    const word = fc.oneof(
      fc.constantFrom(
        "0",
        "1",
        "0.5",
        ".5",
        "1e-3",
        "1e9",
        "-0.2",
        "2",
        "",
        "nan",
        "Infinity",
        "0,5",
        "\ufeff",
        "\u0000",
        "1.0000001",
      ),
      fc.double({ min: 0, max: 1, noNaN: true }).map(String),
      fc.string({ maxLength: 5 }),
    );
    const lines = fc.array(fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")));
    fc.assert(
      fc.property(lines, (all) => {
        try {
          for (const { left, top, width, height } of readBoxes(all.join("\n"), { classes: ["a", "b"] }, [HIGH, WIDE], "a.txt")) {
            expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
            expect(Math.min(width, height)).toBeGreaterThan(0);
            expect(left + width).toBeLessThanOrEqual(WIDE + 1e-9);
            expect(top + height).toBeLessThanOrEqual(HIGH + 1e-9);
          }
        } catch (error) {
          if (!(error instanceof S2Error)) throw error;
          expect(error.message).toMatch(/^a\.txt: \d+ of its lines cannot be used: line \d+ /);
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe("masks of YOLO polygons", () => {
  it("are painted with the background after the classes", async () => {
    const { item } = await read("1 0 0 0.5 0 0.5 0.5 0 0.5\n", "segmentation");
    const mask = await (item as { mask?: () => Promise<{ data: Uint8Array }> }).mask!();
    expect(item.classes).toEqual([1, 2]);
    expect(mask.data.filter((id) => id === 1)).toHaveLength((WIDE / 2) * (HIGH / 2));
    expect([mask.data[0], mask.data[WIDE / 2], mask.data.at(-1)]).toEqual([1, 2, 2]);
  });

  it("are all background for an empty file, and refused where a line is a box or reaches far out", async () => {
    expect((await read("", "segmentation")).item.classes).toEqual([2]);
    const mixed = "0 0.1 0.1 0.4 0.1 0.4 0.4\n1 0.5 0.5 0.4 0.4";
    expect((await read(mixed, "segmentation")).reason).toContain("line 2 is a box, expected a polygon: masks need outlines");
    expect((await read("0 0.1 0.1 0.4 0.1 -1.5 0.4", "segmentation")).reason).toContain("line 1: number 4 of its polygon is -96");
  });
});
