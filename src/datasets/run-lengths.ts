/** Masks as run lengths down the columns, as COCO stores them: a list of counts, or the same counts packed into a string. */
import { S2Error } from "../core/index.ts";
import { showJson } from "../tensors/json.ts";

/** Lengths of alternating runs, zeros first, in column-major order: pixel (x, y) is number x * height + y. */
export type Runs = ArrayLike<number>;

/**
 * Checks that the runs cover an image of this many pixels exactly. pycocotools draws what it gets, which shifts a mask of another size.
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export function readRuns(counts: string | readonly unknown[], pixels: number): Runs {
  const runs = typeof counts === "string" ? unpackRuns(counts) : counts;
  let sum = 0;
  for (const [i, run] of runs.entries()) {
    if (!(typeof run === "number" && Number.isInteger(run) && run >= 0))
      throw new S2Error("data-file", `run ${i} of its mask is ${showJson(run)}; expected a whole number from 0`);
    sum += run;
  }
  if (sum !== pixels)
    throw new S2Error("data-file", `the runs of its mask cover ${sum} pixels and the image has ${pixels}; they must be alike`);
  return runs as number[];
}

/**
 * The inverse of `rleToString` in pycocotools' maskApi.c: five bits a character, the lowest first, bit 5 for "more", the last bit 4 for the sign;
 * from the fourth on a run is stored as its difference from the run before the last.
 */
function unpackRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let scale = 1;
    for (let more = true; more; scale *= 32, at++) {
      const code = text.charCodeAt(at) - 48; // NaN past the end
      if (!(code >= 0 && code < 64) || scale > 2 ** 30)
        throw new S2Error("data-file", `the run-length string of its mask is damaged at character ${at}`);
      value += (code & 31) * scale;
      more = (code & 32) !== 0;
      if (!more && (code & 16) !== 0) value -= 32 * scale;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}
