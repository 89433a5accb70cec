/** Labels as a value: what was given can be taken back, lists keep what they held, and the image to ask for next is the one that says most. */
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageTokens } from "../../src/features/index.ts";
import { addClass, newLabeling, setLabel, undo } from "../../src/label/labeling.ts";
import { readList, writeList } from "../../src/label/list-file.ts";
import { maskPaths, namesIn } from "../../src/label/mask-files.ts";
import { leastOf, leastSimilar, margin, suggestClasses } from "../../src/label/suggest-classes.ts";
import { clickedTokens, fitMaskHead, meanMargin, predictMask, sampleTokens } from "../../src/label/suggest-masks.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";

describe("labels", () => {
  it("are taken back one by one, an image that was labeled again gets its first label", () => {
    let now = newLabeling<number>(["a", "b"]);
    for (const [path, label] of [
      ["1.jpg", 0],
      ["2.jpg", 1],
      ["1.jpg", 1],
    ] as const)
      now = setLabel(now, path, label);
    expect([...now.labels]).toEqual([
      ["2.jpg", 1],
      ["1.jpg", 1],
    ]);
    const paths: string[] = [];
    for (let before = undo(now); before; before = undo(now)) {
      now = before.labeling;
      paths.push(`${before.path} ${now.labels.get(before.path)}`);
    }
    expect(paths).toEqual(["1.jpg 0", "2.jpg undefined", "1.jpg undefined"]);
    expect(now.labels.size).toBe(0);
  });

  it.each([
    ["", "has no name"],
    [" \t", "has no name"],
    ["hat", "is there already"],
    [" hat ", "is there already"],
    ["a\u202eb", "invisible characters"],
    ["x".repeat(101), "has 101 characters"],
  ])("the class %j is refused", (name, message) => {
    expect(() => addClass(newLabeling(["hat"]), name)).toThrow(message);
  });

  it("classes have one form of each name, which data sets compare", () => {
    expect(addClass(newLabeling(), "  cafe\u0301  bar ").classes).toEqual(["caf\u00e9 bar"]);
  });
});

describe("lists", () => {
  it("hold names of any kind", () => {
    const rows: [string, string][] = [
      ["a/b c.jpg", "hat"],
      ['x,"y".jpg', "a, b"],
      ["über;\t<img>.png", "=1+1"],
      ["line\nend.png", " "],
    ];
    const text = writeList(["path", "label"], rows);
    expect(text.split("\n").slice(0, 2)).toEqual(["path,label", "a/b c.jpg,hat"]);
    expect(readList("labels.csv", text, ["path", "label"])).toEqual(rows);
  });

  it("of other columns are not written again without them", () => {
    const columns = ["path", "label"] as const;
    const refused = (text: string) => expect(() => readList("labels.csv", text, columns));
    refused("path,label,split\na.jpg,hat,train\n").toThrow('"split". Expected');
    refused('path,label\n\na.jpg,"hat\n').toThrow("no list of labels (a quote out of place in line 3)");
    refused('path,label\na.jpg,the "hat"\n').toThrow("a quote out of place in line 2");
    refused("path,label\na.jpg,hat\r\nb.jpg,hat,train\r\n").toThrow("(3 cells in line 3)");
    expect(readList("labels.csv", "", columns)).toEqual([]);
  });
});

it("lists of other programs are read as csv-parse reads them, which reads them for fit", () => {
  const columns = ["a", "b"] as const;
  const cell = fc.string({ unit: fc.constantFrom("x", "é", " ", '"', ",", "\n", "\r\n", "=") });
  const styles = fc.record({ quote: fc.boolean(), end: fc.constantFrom("\n", "\r\n", "\n\n"), last: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell)), styles, (rows, { quote, end, last }) => {
      const written = (text: string) => (quote || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const text = `\uFEFF${[columns, ...rows].map((row) => row.map(written).join(",")).join(end)}${last ? end : ""}`;
      const expected = parse(text, { bom: true, skip_empty_lines: true }) as string[][];
      expect(readList("x.csv", text, columns)).toEqual(expected.slice(1));
    }),
  );
});

describe("suggestions of classes", () => {
  const vectors = new Map(
    Object.entries({ red: [1, 0], rose: [0.9, 0.2], blue: [0, 1], sky: [0.1, 0.9], violet: [0.55, 0.5] }).map(
      ([name, values]) => [name, Float32Array.from(values)],
    ),
  );
  const options = { channelsPerScale: [2], openGraph };

  it("come with two classes, 0 for a class without an image, and the most unsure image is between them", async () => {
    const classes = ["unused", "warm", "cold"];
    expect((await suggestClasses(vectors, new Map([["red", 1]]), classes, options)).size).toBe(0);
    const labels = new Map([
      ["red", 1],
      ["blue", 2],
      ["elsewhere", 2],
    ]);
    const scores = await suggestClasses(vectors, labels, classes, options);
    expect([...scores.keys()]).toEqual(["rose", "sky", "violet"]);
    const best = (path: string) => classes[scores.get(path)!.indexOf(Math.max(...scores.get(path)!))];
    expect([best("rose"), best("sky")]).toEqual(["warm", "cold"]);
    for (const each of scores.values()) expect(each[0]).toBe(0);
    expect(leastOf([...scores].map(([path, each]) => [path, margin(each)]))).toBe("violet");
  });

  it("before that, the image that differs most from the labeled ones is asked for", () => {
    expect(leastSimilar(vectors, ["red"], ["rose", "sky", "blue", "unknown"])).toBe("blue");
    expect(leastSimilar(vectors, [], ["rose"])).toBeUndefined();
  });
});

describe("suggestions of masks", () => {
  /** A grid of 4 x 4 tokens of two channels, the left `border` columns of one kind. */
  const image = (border: number, light = 1): ImageTokens => {
    const data = new Float32Array(32);
    for (let token = 0; token < 16; token++) data[2 * token + (token % 4 < border ? 0 : 1)] = light;
    return { data, channels: 2, prefix: 0, grid: { rows: 4, cols: 4 }, channelsPerScale: [2], size: [8, 16] };
  };
  const classes = ["wall", "floor"];
  const clicks = [
    { x: 1, y: 1, label: 0 },
    { x: 15, y: 7, label: 1 },
  ];

  it("of one image's clicks fit the next image, and need two classes", () => {
    const first = image(2);
    const clicked = clickedTokens(first, clicks, 2);
    const samples = [sampleTokens(first), sampleTokens(image(1))];
    expect(fitMaskHead(clicked.slice(1), samples, classes, [2])).toBeUndefined();
    const head = fitMaskHead(clicked, samples, classes, [2])!;
    const { width, height, data } = predictMask(head, image(1));
    expect([width, height]).toEqual([16, 8]);
    expect([...data.subarray(0, 16)]).toEqual([...Array(4).fill(0), ...Array(12).fill(1)]);
    expect(meanMargin(head, sampleTokens(image(2, 0.6)))).toBeLessThan(meanMargin(head, sampleTokens(image(2))));
  });
});

describe("files of masks", () => {
  it("have the names of their images, with the extension where two have one name", () => {
    const pathOf = maskPaths(["a.jpg", "b/c.png", "B/C.jpg", "d.e.png"], new Map([["a.jpg", "old/a.png"]]));
    expect(["a.jpg", "b/c.png", "B/C.jpg", "d.e.png"].map(pathOf)).toEqual([
      "old/a.png",
      "masks/b/c.png.png",
      "masks/B/C.jpg.png",
      "masks/d.e.png",
    ]);
  });

  it("names with ids or gaps are not appended to", () => {
    expect(namesIn("classes.txt", "sky\r\nthe road\r\n\r\n")).toEqual(["sky", "the road"]);
    expect(() => namesIn("classes.txt", "0 sky\n1 road\n")).toThrow("classes.txt has ids");
    expect(() => namesIn("classes.txt", "sky\n\nroad\n")).toThrow("empty or equal lines");
  });
});
