/** The choice of a regularization: one trial for each value, and the map of the best. */
import { S2Error } from "../core/index.ts";
import type { FittedHead, Trial } from "./options.ts";
import { foldStandardization, type LinearMap, type Solution, type Standardization } from "./standardize.ts";

/** The linear map of the best trial. */
export interface FittedMap extends Omit<FittedHead<unknown>, "head"> {
  readonly map: LinearMap;
}

/**
 * Returns the regularizations to try, in the order given; several need a validation split.
 * @throws S2Error "option".
 */
export function regularizationsOf(name: string, value: number | readonly number[], validation: unknown): readonly number[] {
  const list = typeof value === "number" ? [value] : value;
  if (list.length === 0 || !list.every((each) => Number.isFinite(each) && each > 0))
    throw new S2Error("option", `${name} is [${list.join(", ")}]; expected positive numbers, at least one.`);
  if (list.length > 1 && !validation)
    throw new S2Error(
      "option",
      `There are ${list.length} values of ${name} and no validation rows; give one value, or the rows.`,
    );
  return list;
}

/** Runs a trial for each regularization and returns the map with the least validation loss, the first of equals. */
export async function bestMap(
  regularizations: readonly number[],
  standardization: Standardization,
  run: (regularization: number) => Promise<{ trial: Trial; solution: Solution }>,
): Promise<FittedMap> {
  const trials: Trial[] = [];
  let best: Awaited<ReturnType<typeof run>> | undefined;
  for (const regularization of regularizations) {
    const result = await run(regularization);
    trials.push(result.trial);
    if (!best || result.trial.validation! < best.trial.validation!) best = result;
  }
  return { map: foldStandardization(best!.solution, standardization), chosen: best!.trial, trials };
}
