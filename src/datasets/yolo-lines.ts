/** The lines of a YOLO label file, in fractions of the image: "class x y width height" for a box, "class x1 y1 x2 y2 x3 y3 ..." for a polygon. */
import { type Folder, invalidFile, linesOf, readBytes } from "./files.ts";

/** The object of one line, in fractions of the image. */
export interface YoloObject {
  readonly line: number;
  readonly label: number;
  /** Center, width and height; of a polygon its bounding box. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
  /** Points as x, y, x, y ...; undefined for a box. */
  readonly polygon?: readonly number[];
}

/** The form of a data set's lines. */
export interface YoloGrammar {
  readonly classes: readonly string[];
  /** Keypoints after each box, from `kpt_shape` of a pose data set: their count, and 2 or 3 numbers each. */
  readonly keypoints?: readonly [count: number, numbers: number];
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Reads the text of a label file: UTF-8 with or without a byte order mark. @throws an `invalidFile` error. */
export async function readLabelFile(folder: Folder, path: string): Promise<string> {
  const bytes = await readBytes(folder, path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalidFile(path, "It is not text in UTF-8; expected lines of numbers. Save it as UTF-8.", error);
  }
}

/**
 * Parses the objects of a label file. Lines with equal numbers are one object, as for Ultralytics.
 * @throws an `invalidFile` error for one invalid line, for without its object counts would be wrong.
 */
export function readYoloLines(text: string, grammar: YoloGrammar, path: string): YoloObject[] {
  const objects: YoloObject[] = [];
  const invalid: string[] = [];
  const seen = new Set<string>();
  for (const [i, content] of linesOf(text).entries()) {
    if (content.trim() === "") continue;
    const words = content.trim().split(/\s+/);
    const found = readLine(words, grammar);
    if (typeof found === "string") invalid.push(`line ${i + 1} ${found}`);
    else {
      const key = words.map(Number).join(" ");
      if (!seen.has(key)) objects.push({ line: i + 1, ...found });
      seen.add(key);
    }
  }
  refuseLines(invalid, path);
  return objects;
}

/** @throws an `invalidFile` error with the first of the invalid lines, if there are any. */
export function refuseLines(lines: readonly string[], path: string): void {
  if (lines.length === 0) return;
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : "";
  throw invalidFile(path, `${lines.length} of its lines cannot be used: ${lines[0]}${more}. Correct the file.`);
}

function readLine(words: readonly string[], { classes, keypoints }: YoloGrammar): Omit<YoloObject, "line"> | string {
  const other = words.find((word) => !NUMBER.test(word));
  if (other?.includes(",")) return `has a comma in "${short(other)}"; expected numbers with points, separated by spaces`;
  if (other !== undefined) return `has "${short(other)}", which is no number`;
  const numbers = words.map(Number);
  const [label, ...rest] = numbers;
  if (!Number.isInteger(label) || !classes[label]) return `is of class ${short(words[0])}, which has no name`;
  const wrong = wrongCount(numbers, keypoints);
  if (wrong) return wrong;
  if (rest.some((value) => Math.abs(value) > 2)) {
    const box = rest.slice(0, 4).join(" ");
    return `has the numbers ${short(box)}, expected fractions of the image from 0 to 1, not pixels`;
  }
  if (keypoints || rest.length === 4) {
    const [x, y, width, height] = rest;
    return { label, box: [x, y, width, height] };
  }
  const xs = rest.filter((_, i) => i % 2 === 0);
  const ys = rest.filter((_, i) => i % 2 === 1);
  const [left, right] = [least(xs), -least(xs.map((x) => -x))];
  const [top, bottom] = [least(ys), -least(ys.map((y) => -y))];
  return { label, box: [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], polygon: rest };
}

/** Returns what is wrong with the count of a line's numbers, if anything. */
function wrongCount(numbers: readonly number[], keypoints: YoloGrammar["keypoints"]): string | undefined {
  const { length } = numbers;
  if (keypoints) {
    const expected = 5 + keypoints[0] * keypoints[1];
    return length === expected ? undefined : `has ${length} numbers, expected ${expected}: kpt_shape is ${keypoints.join(" x ")}`;
  }
  if (length === 5) return undefined;
  if (length === 6)
    return "has 6 numbers, as predictions with a confidence have; a label has 5: class, center x, center y, width, height";
  if (length < 7 || length % 2 === 0)
    return `has ${length} numbers, expected 5 (class, center x, center y, width, height) or a class and at least 3 points`;
  const visibility = (length - 5) % 3 === 0 ? numbers.filter((_, i) => i > 5 && (i - 5) % 3 === 2) : [];
  if (visibility.includes(2) && visibility.every((value) => [0, 1, 2].includes(value)))
    return `has ${length} numbers, as a box with keypoints has; write kpt_shape into data.yaml so that they are not taken for a polygon`;
  return undefined;
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}...` : text);
