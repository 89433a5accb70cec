/** Scores of the robot experiment, with which intervals are made: successes, and errors of locations. */
import type { Interval, Score } from "s2-vision/metrics";
import { makeRandom } from "s2-vision/train";
import { percent } from "../experiment.ts";
import { median } from "./localize.ts";
import type { EpisodesRow } from "./rows.ts";

/** Returns the percentage of episodes in which the cube is picked; a resample draws placements and seeds. */
export function successOf({ runs }: Pick<EpisodesRow, "runs">): Score {
  const random = makeRandom(1);
  return percent({
    images: runs[0].map((_, i) => String(i)),
    measure(times) {
      const drawn = times ? runs.map(() => runs[Math.floor(random() * runs.length)]) : runs;
      let [picked, all] = [0, 0];
      for (const run of drawn)
        for (let i = 0; i < run.length; i++) {
          const count = times ? times[i] : 1;
          all += count;
          if (run[i] === "picked") picked += count;
        }
      return picked / all;
    },
  });
}

/** Returns Wilson's 95 % interval of successes, in percent. */
export function wilson(successes: number, trials: number): Interval {
  const z2 = 1.959964 ** 2;
  const value = successes / trials;
  const center = (value + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Math.sqrt(z2) / (1 + z2 / trials)) * Math.sqrt((value * (1 - value)) / trials + z2 / (4 * trials * trials));
  return { value: 100 * value, low: 100 * (center - half), high: 100 * (center + half) };
}

/** Returns the median of errors. */
export const medianOf = (errors: readonly number[]): Score => ({
  images: errors.map((_, i) => String(i)),
  measure: (times) => median(times ? errors.flatMap((error, i) => Array<number>(times[i]).fill(error)) : errors),
});

/** Returns the percentage of errors below a limit. */
export const fractionBelow = (errors: readonly number[], limit: number): Score =>
  percent({
    images: errors.map((_, i) => String(i)),
    measure(times) {
      let [below, all] = [0, 0];
      errors.forEach((error, i) => {
        all += times?.[i] ?? 1;
        if (error < limit) below += times?.[i] ?? 1;
      });
      return below / all;
    },
  });

export const millimeters = (meters: number): string => `${Math.round(1000 * meters)} mm`;
