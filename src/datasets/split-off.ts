/** `splitOff`: divides a split in two; nothing else makes up a split. */
import { S2Error } from "../core/index.ts";
import { makeRandom, type Random, shuffled } from "../tensors/index.ts";
import { type DataSet, type DataSetImage, groupBy, type ItemOf, noteMissingClasses, type Task } from "./data-set.ts";

/** Options of `splitOff`. */
export interface SplitOffOptions<Item> {
  /** Name of the split to divide. */
  readonly from: string;
  /** Name of the new split. */
  readonly to: string;
  /** Fraction of the images in the new split, above 0 and below 1. */
  readonly fraction: number;
  /** Seed of the random choice. */
  readonly seed: number;
  /** Name of the remaining images' split; default `from`. */
  readonly rest?: string;
  /** Returns the same word for images that stay together, for example frames of one scene. */
  readonly together?: (item: Item) => string;
}

/**
 * Divides a split in two, stratified by class; an image of several classes counts for the rarest. The same seed gives the same division.
 * @throws S2Error "data-set" for a split that does not exist or exists already, or a fraction that leaves one of the two empty.
 */
export function splitOff<K extends Task>(set: DataSet<K>, options: SplitOffOptions<ItemOf[K]>): DataSet<K> {
  const { from, to, fraction, seed, rest = from, together = ({ path }) => path } = options;
  const { [from]: items, ...others } = set.splits as Record<string, readonly ItemOf[K][]>;
  refuseNames(set, options);
  const random = makeRandom(seed);
  const strata = byRarestClass([...groupBy(items, together).values()]);
  const chosen = new Set<ItemOf[K]>();
  for (const [i, quota] of quotas(strata, fraction, random).entries()) {
    const units = strata[i];
    let count = 0;
    for (const unit of shuffled(units.length, random).map((at) => units[at])) {
      if (count + unit.length / 2 > quota) continue; // units are taken completely, if that comes nearer
      for (const item of unit) chosen.add(item);
      count += unit.length;
    }
  }
  const [kept, taken] = [items.filter((item) => !chosen.has(item)), items.filter((item) => chosen.has(item))];
  if (kept.length === 0 || taken.length === 0) {
    throw new S2Error(
      "data-set",
      `A fraction of ${fraction} of the ${items.length} images of "${from}" leaves ${kept.length} and ${taken.length}; ` +
        "expected some on both sides. Give another fraction, or smaller groups in together.",
    );
  }
  return noteMissingClasses({ ...set, splits: { ...others, [rest]: kept, [to]: taken } } as unknown as DataSet<K>);
}

function refuseNames(set: DataSet, { from, to, fraction, rest = from }: SplitOffOptions<never>): void {
  const names = Object.keys(set.splits);
  const reason = !names.includes(from)
    ? `The data set "${set.name}" has no split "${from}"; it has ${names.join(", ")}. Name one of them.`
    : [to, rest].some((name) => name !== from && names.includes(name)) || to === rest
      ? `The splits "${to}" and "${rest}" cannot be made of "${from}": ${names.join(", ")} exist. Give two new names.`
      : !(fraction > 0 && fraction < 1)
        ? `Got fraction ${fraction}; expected a number above 0 and below 1.`
        : undefined;
  if (reason) throw new S2Error("data-set", reason);
}

/** Groups units, which are images that stay together, by their rarest class. */
function byRarestClass<Item extends DataSetImage>(units: readonly Item[][]): Item[][][] {
  const count = new Map<number, number>();
  for (const { classes } of units.flat()) for (const id of classes) count.set(id, (count.get(id) ?? 0) + 1);
  const rarest = (unit: readonly Item[]) => {
    const ids = unit.flatMap(({ classes }) => classes);
    return ids.length === 0 ? -1 : ids.reduce((a, b) => (count.get(b)! < count.get(a)! ? b : a));
  };
  return [...groupBy(units, rarest).values()];
}

/** Counts the items to take from each stratum: its fraction rounded down, and one more for the largest remainders (largest remainder method). */
function quotas(strata: readonly (readonly unknown[])[][], fraction: number, random: Random): number[] {
  const exact = strata.map((units) => units.flat().length * fraction);
  const counts = exact.map(Math.floor);
  const order = shuffled(exact.length, random).sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const more = Math.round(sum(exact)) - sum(counts);
  for (const at of order.slice(0, more)) counts[at]++;
  return counts;
}
