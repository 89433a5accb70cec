/** Tables as pandas, Excel, Kaggle and Caffe write them: the label is the label, and what could be several columns is asked for. */
import { describe, expect, it } from "vitest";
import { type DataSet, openDataSet } from "../../src/datasets/index.ts";
import { folderOf, imageFile } from "./data-folder.ts";

const images = { "img/a.png": imageFile(1), "img/b.png": imageFile(2), "img/c d.PNG": imageFile(3) };
const open = (table: string | Uint8Array, name = "list.csv") =>
  openDataSet(folderOf({ ...images, [name]: table }), { list: name });
const labels = ({ classes, splits }: DataSet<"classification">) =>
  Object.values(splits)
    .flat()
    .map(({ path, label }) => `${path} ${classes[label]}`);
const RIGHT = ["img/a.png hat", "img/b.png cap", "img/c d.PNG hat"];
const ROWS = ["img/a.png,hat", "img/b.png,cap", "img/c d.png,hat"];

/** UTF-16 as Excel writes it. */
function utf16(text: string, bigEndian = false): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  for (const [i, unit] of ["\ufeff", ...text].entries()) view.setUint16(2 * i, unit.charCodeAt(0), !bigEndian);
  return bytes;
}

describe("a table gives each image its label", () => {
  const csv = `path,label\n${ROWS.join("\n")}\n`;
  it.each([
    ["with pandas' unnamed index", `,path,label\n${ROWS.map((row, i) => `${i},${row}`).join("\n")}`],
    ["with a second index", `Unnamed: 0,index,path,label\n${ROWS.map((row, i) => `${i},${i},${row}`).join("\n")}`],
    ["with an id beside the path", `id,image,label\n${ROWS.map((row, i) => `x${i},${row}`).join("\n")}`],
    ["with semicolons and CRLF", csv.replaceAll(",", ";").replaceAll("\n", "\r\n")],
    ["with Excel's first line", `sep=;\r\n${csv.replaceAll(",", ";")}`],
    ["with tabs", csv.replaceAll(",", "\t")],
    ["with quotes", csv.replace(/^(.+),(.+)$/gm, '"$1","$2"')],
    ["in UTF-16", utf16(csv)],
    ["in UTF-16 with the high byte first", utf16(csv, true)],
    ["in UTF-16 without a mark", utf16(csv).subarray(2)],
    ["with a byte order mark", `\ufeff${csv}`],
    ["with lines ended as on old Macs", csv.replaceAll("\n", "\r")],
    ["without a header", ROWS.join("\n")],
    ["without a header, the label first", ROWS.map((row) => row.split(",").reverse().join(",")).join("\n")],
    ["with columns of other names", `what,kind\n${ROWS.join("\n")}`],
    [
      "with an id of the class beside its name",
      `class_id,image,class_name\n${["1,img/a.png,hat", "0,img/b.png,cap", "1,img/c d.png,hat"].join("\n")}`,
    ],
    ["with names alone, without extension", "image_id,breed\na,hat\nb,cap\nc d,hat\n"],
    ["with paths of another machine", `path,label\n${ROWS.map((row) => `/home/ann/${row}`).join("\n")}`],
  ] as [string, string | Uint8Array][])("%s", async (_, table) => {
    const set = (await open(table)) as DataSet<"classification">;
    expect(set.issues).toEqual([]);
    expect([Object.keys(set.splits), labels(set)]).toEqual([["all"], RIGHT]);
  });

  it.each([
    ["spaces", " "],
    ["tabs", "\t"],
  ])("as lines of path and label with %s, and paths with spaces", async (_, between) => {
    const lines = ROWS.map((row) => row.replace(",", between)).join("\n");
    expect(labels((await open(lines, "list.txt")) as DataSet<"classification">)).toEqual(RIGHT);
  });

  it("and its split, by a column's name or by what it holds", async () => {
    const splits = ["Training", "valid", "test"];
    for (const header of ["path,label,partition", "path,label,which"]) {
      const set = await open(`${header}\n${ROWS.map((row, i) => `${row},${splits[i]}`).join("\n")}`);
      expect([Object.keys(set.splits).sort(), set.issues.filter(({ used }) => !used)]).toEqual([["test", "train", "val"], []]);
    }
    const folds = await open(`path,label,fold\n${ROWS.map((row, i) => `${row},${i}`).join("\n")}`);
    expect(Object.keys(folds.splits)).toEqual(["all"]); // numbers name no split
  });

  it("as a list for each split, found without being named", async () => {
    const lists = { "train.txt": "img/a.png 1\nimg/c d.png 1\n", "val.txt": "img/b.png 0\n" };
    const set = (await openDataSet(folderOf({ ...images, ...lists }))) as DataSet<"classification">;
    expect(set).toMatchObject({ task: "classification", classes: ["0", "1"] });
    expect(Object.entries(set.splits).map(([split, items]) => [split, items.length])).toEqual([
      ["train", 2],
      ["val", 1],
    ]);
  });
});

describe("a table where a column could be several is refused with their names", () => {
  it.each([
    [
      "two labels",
      `path,label,class\n${["img/a.png,hat,x", "img/b.png,cap,x", "img/c d.png,hat,y"].join("\n")}`,
      '"label" and "class" could each be the label',
    ],
    [
      "scores for each class",
      "image,hat,cap\nimg/a.png,1,0\nimg/b.png,0,1\nimg/c d.png,1,0\n",
      '"hat" and "cap" could each be the label',
    ],
    ["no label", "path\nimg/a.png\nimg/b.png\n", 'Call that column "label"'],
    ["no path", "label,size\nhat,3\ncap,4\n", "expected one called path or file"],
  ])("%s", async (_, table, said) => {
    const error = await open(table).catch((refused) => refused);
    expect(error).toMatchObject({ code: "data-set" });
    expect(error.message).toContain(said);
    expect(error.message).toContain("list.csv");
  });

  it("and a name that two images have is a problem of its row alone", async () => {
    const files = { "x/a.png": imageFile(1), "y/a.png": imageFile(2), "y/b.png": imageFile(3) };
    const set = await openDataSet(folderOf({ ...files, "list.csv": "image,label\na,hat\nb,cap\nx/a,cap\n" }), {
      list: "list.csv",
    });
    expect(set.splits.all.map(({ path }) => path)).toEqual(["x/a.png", "y/b.png"]);
    expect(set.issues.filter(({ used }) => !used)[0].reason).toContain('"a" could be x/a.png or y/a.png');
  });
});
