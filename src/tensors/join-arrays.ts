/** `joinArrays`: numbers of several arrays, one after the other. A file of its own, because a page loads it at once. */

type NumberArray = Uint8Array<ArrayBuffer> | Int8Array | Float32Array | Float64Array;

/** Copies arrays into one of the given type. */
export function joinArrays<T extends NumberArray>(Type: new (length: number) => T, pieces: readonly ArrayLike<number>[]): T {
  const joined = new Type(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
