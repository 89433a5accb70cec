/** The one error class of the package: a sentence for people, a code and fields for programs. */
import type { S2ErrorCode } from "./codes.ts";

/** Fields of an `S2Error` for programs; the message says the same in words. */
export interface S2ErrorDetails {
  /** Name of the option, or names of the options, that the error is about; `message` contains them as they are. */
  readonly option?: string | readonly string[];
  /** Value that was received. */
  readonly received?: unknown;
  /** Values that are accepted, in words. */
  readonly expected?: string;
  /** Error that led to this one. */
  readonly cause?: unknown;
}

/**
 * Every error that this package raises. `message` says what was received, what was expected and what to do;
 * `code` is stable and listed in docs/errors.md.
 */
export class S2Error extends Error implements S2ErrorDetails {
  override readonly name = "S2Error";
  readonly code: S2ErrorCode;
  declare readonly option?: string | readonly string[];
  declare readonly received?: unknown;
  declare readonly expected?: string;

  constructor(code: S2ErrorCode, message: string, details: S2ErrorDetails = {}) {
    super(message, details);
    this.code = code;
    Object.assign(this, details);
  }
}

/** Creates the error for an option whose value is not accepted. */
export function badOption(code: S2ErrorCode, option: string, received: unknown, expected: string): S2Error {
  return new S2Error(code, `${option} is ${show(received)}; expected ${expected}.`, { option, received, expected });
}

/** Checks an option that is one of several words. */
export function oneOf(code: S2ErrorCode, option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw badOption(code, option, value, `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`);
}

function show(value: unknown): string {
  return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Returns true if all numbers are whole and at least 1. */
export const isCount = (...numbers: readonly unknown[]): boolean =>
  numbers.every((n) => Number.isInteger(n) && (n as number) > 0);

/** A size in words, width first as pictures are spoken of; arrays have the height first, as tensors. */
export function px([height, width]: readonly number[]): string {
  return `${width}x${height}`;
}

/** The listed word closest to `word` (at most 3 letters and half of it apart), to end a refusal with "did you mean ...?". */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(word.length / 2)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    previous = row;
  }
  return previous[b.length];
}
