/** `splitOff`: a part of one split under another name, for those who ask; nothing else makes up a split. */
import { S2Error } from "../core/index.ts";
import { makeRandom, type Random, shuffled } from "../tensors/index.ts";
import type { DataSet, ItemOf, Kind, Photographed } from "./data-set.ts";
import { noteLacking } from "./missing-classes.ts";

export interface SplitOff<Item> {
  /** The split that is divided. */
  readonly from: string;
  /** The new split. */
  readonly to: string;
  /** The new split's part of the photos, above 0 and below 1. */
  readonly share: number;
  readonly seed: number;
  /** What the rest is called; default `from`. */
  readonly rest?: string;
  /** Photos for which it gives the same word stay together: frames of one scene. */
  readonly together?: (item: Item) => string;
}

/**
 * Divides a split in two, stratified: each class gives its share, rounded so that the whole does too. A photo of several classes counts for
 * the rarest. The same seed gives the same division.
 * @throws S2Error "data-set" for a split that is not there or is there already, or a share that leaves one of the two empty.
 */
export function splitOff<K extends Kind>(set: DataSet<K>, options: SplitOff<ItemOf[K]>): DataSet<K> {
  const { from, to, share, seed, rest = from, together = ({ path }) => path } = options;
  const { [from]: items, ...others } = set.splits as Record<string, readonly ItemOf[K][]>;
  refuseNames(set, options);
  const random = makeRandom(seed);
  const strata = byRarestClass(gather(items, together));
  const chosen = new Set<ItemOf[K]>();
  for (const [i, quota] of quotas([...strata.values()], share, random).entries()) {
    const units = [...strata.values()][i];
    let taken = 0;
    for (const unit of shuffled(units.length, random).map((at) => units[at])) {
      if (taken + unit.length / 2 > quota) continue; // the whole unit, where that comes nearer
      for (const item of unit) chosen.add(item);
      taken += unit.length;
    }
  }
  const parts = [items.filter((item) => !chosen.has(item)), items.filter((item) => chosen.has(item))];
  if (parts.some((part) => part.length === 0)) {
    throw new S2Error(
      "data-set",
      `A share of ${share} of the ${items.length} photos of "${from}" leaves ${parts.map((part) => part.length).join(" and ")}; ` +
        "expected some on both sides. Give another share, or smaller groups in together.",
    );
  }
  return noteLacking({ ...set, splits: { ...others, [rest]: parts[0], [to]: parts[1] } } as unknown as DataSet<K>);
}

function refuseNames(set: DataSet, { from, to, share, rest = from }: SplitOff<never>): void {
  const there = Object.keys(set.splits);
  const problem = !there.includes(from)
    ? `The data set "${set.name}" has no split "${from}"; it has ${there.join(", ")}. Name one of them.`
    : [to, rest].some((name) => name !== from && there.includes(name)) || to === rest
      ? `The splits "${to}" and "${rest}" cannot be made of "${from}": ${there.join(", ")} are there. Give two new names.`
      : !(share > 0 && share < 1)
        ? `Got share ${share}; expected a number above 0 and below 1.`
        : undefined;
  if (problem) throw new S2Error("data-set", problem);
}

/** Items that stay together, a list each. */
function gather<Item>(items: readonly Item[], together: (item: Item) => string): Item[][] {
  const units = new Map<string, Item[]>();
  for (const item of items) units.set(together(item), [...(units.get(together(item)) ?? []), item]);
  return [...units.values()];
}

/** Units by the class of theirs that the fewest items have; -1 where they have none. */
function byRarestClass<Item extends Photographed>(units: readonly Item[][]): Map<number, Item[][]> {
  const count = new Map<number, number>();
  for (const { classes } of units.flat()) for (const id of classes) count.set(id, (count.get(id) ?? 0) + 1);
  const strata = new Map<number, Item[][]>();
  for (const unit of units) {
    const ids = unit.flatMap(({ classes }) => classes);
    const rarest = ids.length === 0 ? -1 : ids.reduce((a, b) => (count.get(b)! < count.get(a)! ? b : a));
    strata.set(rarest, [...(strata.get(rarest) ?? []), unit]);
  }
  return strata;
}

/** Items to take from each stratum: its share, rounded down, and one more for the largest remainders until the whole has its share. */
function quotas(strata: readonly (readonly unknown[])[][], share: number, random: Random): number[] {
  const exact = strata.map((units) => units.flat().length * share);
  const whole = exact.map(Math.floor);
  const order = shuffled(exact.length, random).sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const more = Math.round(sum(exact)) - sum(whole);
  for (const at of order.slice(0, more)) whole[at]++;
  return whole;
}
