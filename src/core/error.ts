/** The one error class of the package: a sentence for people, a code for programs. */

/**
 * Every refusal of this package. `message` says what was got, what was expected and what to do;
 * `code` is stable and listed in docs/errors.md.
 */
export class S2Error extends Error {
  override readonly name = "S2Error";
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

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
