/** Timing: things that are compared take turns in one process, and medians are compared, so that other load hits all of them alike. */

/**
 * Runs each side once a round, first `warmUp` rounds that do not count; every round starts with another side.
 * A side is an async function; one that returns { ms, cpu } has measured itself (in another process). No round starts after `until` (by
 * `performance.now`) once one has counted; `onRound` gets the times so far.
 * @returns for each side its wall times and the process's CPU times (all threads), in ms.
 */
export async function takeTurns(sides, { rounds, warmUp, until = Infinity, onRound }) {
  const names = Object.keys(sides);
  const times = Object.fromEntries(names.map((name) => [name, { ms: [], cpu: [] }]));
  for (let round = -warmUp; round < rounds; round++) {
    if (round > 0 && performance.now() > until) break;
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + warmUp) % names.length];
      const { ms, cpu } = await once(sides[name]);
      if (round < 0) continue;
      times[name].ms.push(ms);
      times[name].cpu.push(cpu);
    }
    if (round >= 0) onRound?.(times);
  }
  return times;
}

async function once(side) {
  const before = process.cpuUsage();
  const start = performance.now();
  const reported = await side();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return Number.isFinite(reported?.ms) ? reported : { ms, cpu: (user + system) / 1000 };
}

export const median = (values) => quantile(values, 0.5);

/** Median and quartiles, for files and tables. */
export function spread(values) {
  return { median: round(median(values)), lower: round(quantile(values, 0.25)), upper: round(quantile(values, 0.75)) };
}

/** `a` against `b`: medians of wall and of CPU times, and the spread of the ratio from round to round. */
export function ratio(a, b) {
  const rounds = a.ms.map((ms, i) => ms / b.ms[i]);
  return { wall: round(median(a.ms) / median(b.ms)), cpu: round(median(a.cpu) / median(b.cpu)), rounds: spread(rounds) };
}

/** To four significant digits: no clock here knows more. */
export const round = (value) => Number(value.toPrecision(4));

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}
