/** The columns of a table that hold path, label and split, found by the names in its header, else by what the cells hold. */
import { S2Error } from "../core/index.ts";
import { isPhotoName } from "../images/index.ts";
import { knownSplit } from "./layout-names.ts";

/** The cells of a line of a table. */
export interface Cells {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Names of columns without case, spaces and signs, the first being what messages call them. */
const NAMES = {
  path: [
    ...["path", "file", "filename", "filepath", "image", "imagename", "imagefile", "imagepath", "imageid", "img", "imgname"],
    ...["imgpath", "imgid", "photo", "photopath", "picture", "fname", "uri", "id", "name"],
  ],
  label: [
    ...["label", "class", "category", "target", "labels", "classes", "classname", "labelname", "categoryname", "classlabel"],
    ...["targets", "tag", "species", "breed", "y", "groundtruth", "diagnosis", "classid", "labelid", "categoryid", "classindex"],
  ],
  split: ["split", "set", "subset", "partition", "fold", "usage", "phase", "dataset", "datasplit", "splitname"],
} as const;

export type Column = keyof typeof NAMES;

/** Positions of the columns, and whether the first line names them. */
export type Columns = Readonly<Partial<Record<Column, number>>> & { readonly header: boolean };

const called = (column: Column, name: string): boolean =>
  (NAMES[column] as readonly string[]).includes(name.toLowerCase().replace(/[^a-z0-9]/g, ""));

/** Rows that are looked at to tell columns apart. */
const LOOKED_AT = 500;

/** @throws S2Error "data-set" naming the columns where one that is needed is missing or could be several. */
export function findColumns(
  records: readonly Cells[],
  needed: readonly Column[],
  isPhoto: (cell: string) => boolean,
  file: string,
): Columns {
  const header = isHeader(records, isPhoto);
  if (records.length === (header ? 1 : 0))
    throw new S2Error("data-set", `${file} has no rows; expected a line of column names and one for each photo.`);
  const [{ cells: first }] = records;
  const rows = (header ? records.slice(1) : records).slice(0, LOOKED_AT);
  const width = rows.reduce((most, { cells }) => Math.max(most, cells.length), first.length);
  const all = Array.from({ length: width }, (_, i) => i);
  const names = all.map((i) => (header ? (first[i] ?? "") : `column ${i + 1}`));
  const cellsOf = (i: number) => rows.map(({ cells }) => cells[i] ?? "");
  const filled = (i: number) => cellsOf(i).filter((cell) => cell !== "");
  const refuse = (column: Column, several: readonly number[]) => {
    const list = names.map((name) => `"${name}"`).join(", ");
    const which = several.length > 1 ? `; ${several.map((i) => `"${names[i]}"`).join(" and ")} could each be the ${column}` : "";
    const expected = `expected one called ${NAMES[column].slice(0, 4).join(" or ")}`;
    const one = `Call ${several.length > 1 ? "the right" : "that"} column "${column}" in the first line${several.length > 1 ? ", and no other" : ""}.`;
    return new S2Error("data-set", `${file} has the columns ${list}${which}; ${expected}. ${one}`);
  };

  // "0" may name the photo 0.png and may be a label, so that cells with an extension decide where there are such.
  const withExtension = all.some((i) => filled(i).some((cell) => isPhotoName(cell) && isPhoto(cell)));
  const photos = (i: number) => filled(i).filter((cell) => (!withExtension || isPhotoName(cell)) && isPhoto(cell)).length;
  const path = pathColumn(all, names, header, photos);
  if (typeof path !== "number") throw refuse("path", path);

  const isSplit = (i: number) => filled(i).length > 0 && filled(i).every((cell) => knownSplit(cell) !== undefined);
  const others = all.filter((i) => i !== path);
  // A column of numbers, as folds of a cross-validation are, names no split.
  const named = header
    ? others.filter((i) => called("split", names[i]) && !filled(i).every((cell) => /^-?[\d.]+$/.test(cell)))
    : [];
  const splits = named.length > 0 ? named : others.filter((i) => !(header && called("label", names[i])) && isSplit(i));
  const split = splits.length > 1 ? splits.filter(isSplit) : splits;
  if (split.length > 1 || (needed.includes("split") && split.length === 0)) throw refuse("split", split);

  const rest = others.filter((i) => i !== split[0] && !(header && called("split", names[i])));
  const labels = needed.includes("label") ? labelColumns(rest, names, header, cellsOf) : [];
  if (labels.length !== 1 && needed.includes("label")) throw refuse("label", labels);
  return { path, header, ...(split.length === 1 && { split: split[0] }), ...(labels.length === 1 && { label: labels[0] }) };
}

/** A first line that has a column's name, or that names no photo while the second does. */
function isHeader(records: readonly Cells[], isPhoto: (cell: string) => boolean): boolean {
  const [{ cells } = { cells: [] }, second] = records;
  if (cells.some(isPhoto)) return false;
  if (cells.some((cell) => (["path", "label", "split"] as const).some((column) => called(column, cell)))) return true;
  return second?.cells.some(isPhoto) ?? false;
}

/** The column whose cells name photos; where none does, the only one that is called so. */
function pathColumn(
  all: readonly number[],
  names: readonly string[],
  header: boolean,
  photos: (i: number) => number,
): number | readonly number[] {
  const named = header ? all.filter((i) => called("path", names[i])) : [];
  const counts = new Map(all.map((i) => [i, photos(i)]));
  const best = (columns: readonly number[]) => {
    const most = Math.max(0, ...columns.map((i) => counts.get(i)!));
    return most === 0 ? [] : columns.filter((i) => counts.get(i) === most);
  };
  for (const columns of [best(named), best(all), named]) {
    if (columns.length === 1) return columns[0];
    if (columns.length > 1) return header ? byPriority(columns, names) : columns;
  }
  return [];
}

/** "path" before "id": of columns that name photos equally well, the one whose name says it best. */
function byPriority(columns: readonly number[], names: readonly string[]): number | readonly number[] {
  const order = (i: number) => (NAMES.path as readonly string[]).indexOf(names[i].toLowerCase().replace(/[^a-z0-9]/g, ""));
  const called = columns.filter((i) => order(i) >= 0);
  return called.length === 0 ? columns : called.reduce((a, b) => (order(b) < order(a) ? b : a));
}

/** Columns called so; without any, the only one that is left when numbers of rows (pandas' index) are taken away. */
function labelColumns(
  rest: readonly number[],
  names: readonly string[],
  header: boolean,
  cellsOf: (i: number) => readonly string[],
): readonly number[] {
  const named = header ? rest.filter((i) => called("label", names[i])) : [];
  if (named.length > 1) return sameLabels(named, cellsOf) ? [named.find((i) => !isNumbers(cellsOf(i))) ?? named[0]] : named;
  if (named.length === 1) return named;
  const left = rest.filter((i) => !(header && (/^(unnamed.*|index|)$/i.test(names[i]) || called("path", names[i]))));
  return left.length > 1 ? left.filter((i) => !isIndex(cellsOf(i))) : left;
}

const isNumbers = (cells: readonly string[]): boolean => cells.every((cell) => /^-?\d+$/.test(cell));

/** 0, 1, 2 ... or 1, 2, 3 ... */
const isIndex = (cells: readonly string[]): boolean =>
  isNumbers(cells) && Number(cells[0]) <= 1 && cells.every((cell, i) => Number(cell) === Number(cells[0]) + i);

/** An id and a name of the same classes: each of one goes with one of the other. */
function sameLabels(columns: readonly number[], cellsOf: (i: number) => readonly string[]): boolean {
  const [first, ...others] = columns.map(cellsOf);
  return others.every((cells) => {
    const pairs = new Set(cells.map((cell, i) => JSON.stringify([first[i], cell]))).size;
    return pairs === new Set(first).size && pairs === new Set(cells).size;
  });
}
