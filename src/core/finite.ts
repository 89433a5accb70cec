/** Finite numbers: NaN and infinity are refused where numbers enter, because no later step shows them. */
import { S2Error } from "./error.ts";

/** Index of the first number that is NaN or infinite, or -1. Clean data cost one multiplication and one addition a number. */
export function firstNotFinite(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]; // 0 for every finite number, NaN for all others
  if (sum === 0) return -1;
  let first = 0;
  while (Number.isFinite(data[first])) first++;
  return first;
}

/**
 * Refuses numbers that are not finite. `what` names them ("The projector's output").
 * @throws S2Error "not-finite".
 */
export function checkFinite(data: ArrayLike<number>, what: string): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  throw new S2Error(
    "not-finite",
    `${what} has ${data[at]} at ${at} of ${data.length} numbers; expected finite numbers. Check the weights and what goes in, or use float32 where float16 overflows.`,
  );
}

/**
 * Index of the largest of `count` numbers from `from` on, counted from `from`; the first of equals.
 * @throws S2Error "not-finite" for NaN, which is neither larger nor smaller than any number.
 */
export function argmax(values: ArrayLike<number>, from = 0, count = values.length - from): number {
  let best = 0;
  for (let i = 0; i < count; i++) {
    const value = values[from + i];
    if (value <= values[from + best]) continue;
    if (Number.isNaN(value) || Number.isNaN(values[from + best]))
      throw new S2Error(
        "not-finite",
        `Score ${from + i} of ${values.length} is NaN, so none is the largest; expected numbers. Check the weights that the scores are made with.`,
      );
    best = i;
  }
  return best;
}
