/** Reads the values of flags. A value that does not fit ends the command with what was expected. */
import { InvalidArgumentError } from "commander";

export type Size = readonly [height: number, width: number];

/** Returns a parser; `read` returns undefined for what it refuses. */
const reader =
  <T>(expected: string, read: (text: string) => T | undefined) =>
  (text: string): T => {
    const value = read(text);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };

const toNumber = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));
const isPositive = (value: number): boolean => value > 0 && Number.isFinite(value);

const number = (expected: string, fits: (value: number) => boolean) =>
  reader(expected, (text) => (fits(toNumber(text)) ? toNumber(text) : undefined));

const numbers = (expected: string, fits: (value: number, i: number, all: readonly number[]) => boolean) =>
  reader(expected, (text) => {
    const values = items(text).map(toNumber);
    return values.every(fits) ? values : undefined;
  });

/** Splits at commas; what reads an item refuses an empty one. */
export const items = (text: string): string[] => text.split(",").map((item) => item.trim());

/** Returns the parser of whole numbers from `least`. */
export const readCount = (least: number, most = Number.POSITIVE_INFINITY) =>
  reader(`a whole number from ${least}${Number.isFinite(most) ? ` to ${most}` : ""}`, (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  });

/** Reads a side, or WIDTHxHEIGHT. */
export const readSize = reader(
  "pixels: a side such as 224, or WIDTHxHEIGHT such as 336x224",
  (text): number | Size | undefined => {
    const [, width, height] = /^(\d+)(?:[x×](\d+))?$/i.exec(text.trim()) ?? [];
    const [w, h] = [Number(width), Number(height ?? width)];
    if (!(w > 0 && h > 0)) return undefined;
    return height === undefined ? w : [h, w];
  },
);

export const readSizes = (text: string): (number | Size)[] => items(text).map(readSize);
export const readIndex = reader("a whole number: 0 for the first scale, -1 for the last", (text) =>
  /^-?\d+$/.test(text) ? Number(text) : undefined,
);
export const readIgnore = reader('an id from 0 to 65535, or "none"', (text): number | "none" | undefined => {
  if (text === "none") return text;
  return /^\d+$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
});
export const readScales = numbers("positive numbers with commas between: 1,2,3", isPositive);
export const readStrengths = numbers("positive numbers with commas between: 0.01,0.1,1", isPositive);
export const readSides = numbers(
  "sides in pixels with commas between: 336,672,1008",
  (side) => Number.isInteger(side) && side > 0,
);
/** Returns the parser of the numbers that `names` lists: a position, then sides above 0. */
export const readPixels = (names: string) => {
  const { length } = names.split(",");
  const expected = `${names} in the image's pixels, ${length} numbers with commas between`;
  return numbers(expected, (value, i, all) => all.length === length && Number.isFinite(value) && (i < 2 || value > 0));
};
export const readPositive = number("a number above 0", isPositive);
export const readBits = readCount(0, 128);
export const readSplit = number("a fraction: above 0 and below 1", (value) => value > 0 && value < 1);
export const readFraction = number("a fraction from 0 to 1", (value) => value >= 0 && value <= 1);
