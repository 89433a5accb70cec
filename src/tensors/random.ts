/** Seeded random numbers, so that a run can be had again. */

/** Numbers from 0 to 1, and where the sequence stands, to go on from there. */
export interface Random {
  (): number;
  state(): number;
}

/** mulberry32 (Ettinger): 32 bits of state, good enough for initial weights and crops. */
export function makeRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Object.assign(next, { state: () => state });
}

/** Returns a number of the normal distribution, cut off at two deviations as timm's trunc_normal_ (Box and Muller). */
export function truncatedNormal(random: Random, deviation: number): number {
  for (;;) {
    const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    if (Math.abs(value) <= 2) return value * deviation;
  }
}

/** Whole numbers 0 to count - 1 in a random order (Fisher and Yates). */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
