/** A corpus of hostile files: files made from a seed, and the call that must load or refuse each. */

export interface HostileFile {
  /** The name of the file or folder, whose extension the loader may look at. */
  readonly name: string;
  /** Absent for a folder, and for a file that is gone. */
  readonly bytes?: Uint8Array;
  /** Other files that the loader finds, by path from the folder that `name` starts in. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  /** The reader that gets it, where a corpus has several. */
  readonly reader?: string;
  /** The edit that made it, for the report. */
  readonly kind: string;
}

/** Files by path from their folder. */
export type Files = Readonly<Record<string, Uint8Array>>;

export interface Corpus {
  readonly name: string;
  /** Makes file `i`; the same for the same seed. */
  make(seed: number, i: number): Promise<HostileFile>;
  /** Loads the file; it must resolve, or reject with an S2Error. */
  load(path: string, reader?: string): Promise<unknown>;
}

/** Random numbers of a seed. */
export interface Random {
  /** A whole number from 0 to `below`, exclusive. */
  below(below: number): number;
  pick<T>(list: readonly T[]): T;
}

/** The generator of file `i` (mulberry32). */
export function randomOf(seed: number, i: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (list) => list[below(list.length)] };
}
