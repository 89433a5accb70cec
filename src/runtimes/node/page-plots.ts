/** Axes of the plots on pages: scales from values to pixels, and round values between two. */

/** A linear function from the range of the values, widened by a margin, to pixels. */
export function plotScale([low, high]: readonly [number, number], [start, end]: readonly [number, number], margin: number) {
  const span = high - low || Math.abs(high) || 1;
  const [from, to] = [low - margin * span, high + margin * span];
  const at = (value: number) => Number((start + ((value - from) / (to - from)) * (end - start)).toFixed(1));
  return Object.assign(at, { from, to });
}

/** About five round values between two: multiples of 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number): number[] {
  const raw = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw)! * power;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Style of plots: axes, grid lines, and texts in the page's colors. */
export const PLOT_STYLE = `
main { max-width: 960px; margin: 0 auto; padding-bottom: 40px; }
.verdict { margin: 24px 0 12px; padding: 14px 18px; font-size: 18px; background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--main); border-radius: 8px; }
svg { display: block; width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 8px; font-size: 14px; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 13px; }
svg line { stroke-width: 3; stroke-linecap: round; } svg .axis { stroke: var(--soft); stroke-width: 1; } svg .grid-line { stroke: var(--line); stroke-width: 1; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; background: var(--card); font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; border: 1px solid var(--line); text-align: right; white-space: nowrap; } th:first-child { text-align: left; } small { color: var(--soft); font-weight: 400; }
`;
