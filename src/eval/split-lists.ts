/** Splits that files of the data set name: splits.csv (path, split), or train.txt, val.txt and test.txt with a path a line. */
import { readCsv, tidy } from "./csv-rows.ts";
import type { Problem } from "./data-set.ts";
import { readBytes } from "./flaw.ts";
import type { Folder } from "./folder.ts";
import { type Place, stem } from "./place.ts";

/** The split of a photo, and what lists and photos have against each other. */
export interface Splits {
  of(photo: Place): string | undefined;
  /** After `of` was asked of every photo: lines that name none, and photos that two splits name. */
  problems(): Problem[];
  /** The files that decide, for messages; empty when folders do. */
  readonly files: readonly string[];
}

interface Line {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly split: string;
}

/** Where there is a list it decides alone; else folders do, and where there are none of either all photos are of the split "all". */
export async function readSplits(folder: Folder, places: readonly Place[]): Promise<Splits> {
  const files = places.map(({ path }) => path).filter((path) => /^(splits\.csv|(train|val|test)\.txt)$/.test(path));
  const lines = (await Promise.all(files.map((file) => readLines(folder, file)))).flat();
  return files.length > 0 ? byLists(lines, files) : byFolders(places);
}

/** "all" only when no photo stands in a folder of a split: one beside them is of none. */
function byFolders(places: readonly Place[]): Splits {
  const none = places.every(({ split }) => split === undefined) ? "all" : undefined;
  return { of: ({ split }) => split ?? none, problems: () => [], files: [] };
}

function byLists(lines: readonly Line[], files: readonly string[]): Splits {
  const problems: Problem[] = [];
  const listed = new Map<string, Line>();
  for (const line of lines) {
    const before = listed.get(line.path);
    if (before && before.split !== line.split)
      problems.push({
        path: line.path,
        reason: `${line.file} (line ${line.line}) puts it in ${line.split}, and ${before.file} in ${before.split}, where it is used.`,
        used: true,
      });
    if (!before) listed.set(line.path, line);
  }
  const unused = new Set(listed.values());
  const of = ({ path, rest }: Place) => {
    // As YOLO (paths), VOC (names alone) and Food-101 (class/name) list them.
    const line = [path, stem(path), rest, stem(rest)].map((name) => listed.get(name)).find((found) => found !== undefined);
    if (line) unused.delete(line);
    return line?.split || undefined;
  };
  const missing = (): Problem[] =>
    Array.from(unused, ({ file, line, path }) => ({
      path,
      reason: `${file} (line ${line}) names it, and there is no such photo.`,
      used: false,
    }));
  return { of, problems: () => [...problems, ...missing()], files };
}

async function readLines(folder: Folder, file: string): Promise<Line[]> {
  if (file.endsWith(".csv"))
    return (await readCsv(folder, file, ["path", "split"])).map(({ path, split, line }) => ({ file, line, path, split }));
  const text = new TextDecoder().decode(await readBytes(folder, file));
  return text.split(/\r?\n/).flatMap((line, i) => {
    const path = tidy(line.trim());
    return path === "" ? [] : [{ file, line: i + 1, path, split: stem(file) }];
  });
}
