/** Pascal VOC's XML gives boxes on the image's pixels, whatever tool wrote it, and hostile XML ends in a sentence. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { type DataSetIssue, type DataSetOptions, openDataSet } from "../../src/datasets/index.ts";
import { type Files, folderOf, imageFile } from "./data-folder.ts";

const object = (name: string, [xmin, ymin, xmax, ymax]: readonly (number | string)[], more = "") =>
  `<object><name>${name}</name><pose>Left</pose>${more}<bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;
const xml = (objects: string, size = "<size><width>8</width><height>6</height><depth>3</depth></size>") =>
  `<annotation>\n  <folder>VOC2007</folder><filename>other.jpg</filename>\n  ${size}\n  ${objects}\n</annotation>\n`;

const reasons = ({ issues }: { issues: readonly DataSetIssue[] }) =>
  Object.fromEntries(issues.map(({ path, reason }) => [path, reason]));
async function open(files: Files, options?: DataSetOptions) {
  const set = await openDataSet(folderOf(files), options);
  if (set.task !== "counting") throw new Error(set.task);
  return set;
}
const one = (text: string | Uint8Array, options?: DataSetOptions) =>
  open({ "Annotations/a.xml": text, "JPEGImages/a.png": imageFile(1) }, options);

describe("boxes of Pascal VOC", () => {
  it("count pixels from 1 and hold the last one; classes are in the order of their names", async () => {
    const set = await one(
      xml(object("dog", [1, 1, 8, 6]) + object("cat", [3, 2, 3, 4.5]) + object("cat", ["2.0", "1", "3.0", "2"])),
    );
    expect(set.classes).toEqual(["cat", "dog"]);
    expect(set.splits.all).toEqual([
      {
        path: "JPEGImages/a.png",
        size: [6, 8],
        labelPath: "Annotations/a.xml",
        classes: [0, 1],
        boxes: [
          { label: 1, left: 0, top: 0, width: 8, height: 6 },
          { label: 0, left: 2, top: 1, width: 1, height: 3.5 },
          { label: 0, left: 1, top: 0, width: 2, height: 2 },
        ],
      },
    ]);
    expect(set.issues).toEqual([]);
  });

  it("leave out difficult objects, and say how many; parts of objects are no objects", async () => {
    const person = object("person", [1, 1, 4, 4], `<difficult>0</difficult><part>${object("head", [1, 1, 2, 2])}</part>`);
    const set = await one(xml(person + object("dog", [1, 1, 2, 2], "<difficult>1</difficult>")));
    expect(set.splits.all[0].boxes).toEqual([{ label: 1, left: 0, top: 0, width: 4, height: 4 }]);
    expect(reasons(set)["Annotations/a.xml"]).toBe("It and 0 more files mark 1 objects as difficult; these are left out.");
  });

  it.each<[string, Files, Record<string, string[]>]>([
    [
      "the files of an image beside it, in folders of splits",
      { "train/a.xml": xml(""), "train/a.png": imageFile(1), "valid/a.xml": xml(""), "valid/a.png": imageFile(2) },
      { train: ["train/a.png"], val: ["valid/a.png"] },
    ],
    [
      "images/ and annotations/xmls/ beside masks",
      { "annotations/xmls/a.xml": xml(""), "annotations/trimaps/a.png": imageFile(3), "images/a.png": imageFile(1) },
      { all: ["images/a.png"] },
    ],
    [
      "folders of splits in both",
      {
        "annotations/train/a.xml": xml(""),
        "images/train/a.png": imageFile(1),
        "annotations/val/a.xml": xml(""),
        "images/val/a.png": imageFile(2),
      },
      { train: ["images/train/a.png"], val: ["images/val/a.png"] },
    ],
  ])("are found in %s", async (_, files, expected) => {
    const set = await openDataSet(folderOf(files), { task: "counting" });
    expect(Object.fromEntries(Object.entries(set.splits).map(([name, items]) => [name, items.map(({ path }) => path)]))).toEqual(
      expected,
    );
    expect(set.issues.filter(({ used }) => !used)).toEqual([]);
  });

  it("are refused with the object and the cause, and files that go with nothing are named", async () => {
    const set = await open({
      ...{ "Annotations/good.xml": xml(""), "JPEGImages/good.png": imageFile(1) },
      ...{ "Annotations/outside.xml": xml(object("dog", [1, 1, 10, 6])), "JPEGImages/outside.png": imageFile(2) },
      ...{ "Annotations/flat.xml": xml(object("dog", [3, 1, 2, 6])), "JPEGImages/flat.png": imageFile(3) },
      ...{ "Annotations/boxless.xml": xml("<object><name>dog</name></object>"), "JPEGImages/boxless.png": imageFile(4) },
      ...{ "Annotations/nameless.xml": xml(object("", [1, 1, 2, 2])), "JPEGImages/nameless.png": imageFile(5) },
      ...{ "Annotations/words.xml": xml(object("dog", ["one", 1, 2, 2])), "JPEGImages/words.png": imageFile(6) },
      ...{
        "Annotations/size.xml": xml("", "<size><width>6</width><height>8</height></size>"),
        "JPEGImages/size.png": imageFile(7),
      },
      ...{
        "Annotations/zero.xml": xml("", "<size><width>0</width><height>0</height></size>"),
        "JPEGImages/zero.png": imageFile(8),
      },
      ...{ "Annotations/lone.xml": xml(""), "JPEGImages/alone.png": imageFile(9) },
      ...{ "JPEGImages/twin.png": imageFile(10), "JPEGImages/twin.jpg": imageFile(11), "Annotations/twin.xml": xml("") },
    });
    expect(set.splits.all.map(({ path }) => path)).toEqual(["JPEGImages/good.png", "JPEGImages/twin.jpg", "JPEGImages/zero.png"]);
    expect(reasons(set)).toEqual({
      "Annotations/outside.xml": 'object 1 ("dog") reaches 2.0 pixels out of the image, which is 8x6. Correct the file.',
      "Annotations/flat.xml": 'object 1 ("dog") has no area. Correct the file.',
      "Annotations/boxless.xml":
        'Its object 1 ("dog") has no <bndbox> of four numbers: xmin, ymin, xmax, ymax. Correct the file.',
      "Annotations/nameless.xml": "Its object 1 has no <name>. Correct the file.",
      "Annotations/words.xml": 'Its object 1 ("dog") has no <bndbox> of four numbers: xmin, ymin, xmax, ymax. Correct the file.',
      "Annotations/size.xml": expect.stringContaining(
        "It says 6x8 pixels and its image is 8x6; they must be alike. The image's EXIF turns it",
      ),
      "Annotations/lone.xml": "There is no image for it: none has its name.",
      "JPEGImages/alone.png": "It has no XML file of the same name.",
      "JPEGImages/twin.png":
        "Another image has the same name without its extension, and there is one XML file (Annotations/twin.xml).",
      all: "The split has nothing of 1 of 1 classes: dog.",
    });
    const named = await one(xml(object("dog", [1, 1, 2, 2])), { classes: ["cat"] });
    expect(reasons(named)["Annotations/a.xml"]).toContain('object 1 is a "dog", which is none of the 1 classes');
  });
});

describe("hostile XML", () => {
  it.each([
    [
      "entities that name files",
      '<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>',
      "Named entity isn't defined",
    ],
    [
      "entities that grow",
      `<!DOCTYPE a [<!ENTITY b "${"x".repeat(50)}">]><annotation><object>&b;&b;</object></annotation>`,
      "Named entity isn't defined",
    ],
    ["elements nested without end", "<a>".repeat(100_000), "It is no XML in UTF-8"],
    ["text cut short", xml(object("dog", [1, 1, 2, 2])).slice(0, 200), "It is no XML in UTF-8"],
    ["nothing", "", "It is no XML in UTF-8"],
    ["another kind of XML", "<svg></svg>", "Its first element is <svg>, expected <annotation>"],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 60, 0]), "It is no XML in UTF-8"],
  ])("is refused for %s", async (_, text, cause) => {
    const set = await one(text);
    expect(set.splits.all ?? []).toEqual([]);
    expect(reasons(set)["Annotations/a.xml"]).toContain(cause);
    expect(set.issues.filter(({ used }) => !used)).toHaveLength(1);
  });

  it("gives an S2Error or problems for any damage, and no other error", async () => {
    const whole = new TextEncoder().encode(
      xml(object("dog", [1, 1, 8, 6], "<difficult>1</difficult>") + object("cat", [3, 2, 3, 4])),
    );
    const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
    const flipped = fc
      .array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 32, max: 126 })), { minLength: 1, maxLength: 4 })
      .map((all) => whole.map((byte, i) => all.find(([at]) => at === i)?.[1] ?? byte));
    await fc.assert(
      fc.asyncProperty(fc.oneof(cut, flipped), async (bytes) => {
        try {
          const set = await one(bytes);
          const used = Object.values(set.splits).flat().length;
          expect(used + set.issues.filter(({ used }) => !used).length).toBe(1);
        } catch (error) {
          if (!(error instanceof S2Error)) throw error;
        }
      }),
      { seed: 9, numRuns: 300 },
    );
  });
});
