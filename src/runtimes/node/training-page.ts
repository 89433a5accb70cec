/** `trainingPage`: the course of a training as a page in one file: the loss of each step and what was measured at the end. */
import { PLOT_STYLE, plotScale, ticks } from "./page-plots.ts";
import { escapeHtml, sheetPage } from "./sheet-parts.ts";

/** The course of a training. */
export interface TrainingPage {
  readonly title: string;
  readonly about: string;
  /** Loss of each step, the first one first. */
  readonly losses: readonly number[];
  /** Rows of the table: a name and a value. */
  readonly figures: readonly (readonly [name: string, value: string])[];
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [760, 320, 62, 40];
/** Points of the curve at most; each is the mean of equally many steps. */
const POINTS = 300;

/** Writes the page; it loads nothing and runs no script. */
export function trainingPage({ title, about, losses, figures }: TrainingPage): string {
  const each = Math.ceil(losses.length / POINTS);
  const means = Array.from({ length: Math.ceil(losses.length / each) }, (_, i) => {
    const steps = losses.slice(i * each, (i + 1) * each);
    return steps.reduce((sum, loss) => sum + loss, 0) / steps.length;
  });
  const x = plotScale([1, Math.max(2, losses.length)], [LEFT, WIDTH - 16], 0);
  const y = plotScale([Math.min(...means), Math.max(...means)], [HEIGHT - BOTTOM, 14], 0.05);
  const points = means.map((mean, i) => `${x(Math.min(losses.length, (i + 0.5) * each + 0.5))},${y(mean)}`);
  const up = ticks(y.from, y.to).map(
    (value) =>
      `<line class="grid-line" x1="${LEFT}" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}"/><text class="tick" x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${Number(value.toPrecision(4))}</text>`,
  );
  const across = ticks(1, Math.max(2, losses.length)).map(
    (value) => `<text class="tick" x="${x(value)}" y="${HEIGHT - 14}" text-anchor="middle">${value}</text>`,
  );
  const mean = each > 1 ? `, means of ${each} steps` : "";
  const body = `<header><div><h1>${escapeHtml(title)}</h1><p>${escapeHtml(about)}</p></div></header>
<main>
<h2>Loss <small>by step${mean}</small></h2>
<svg role="img" aria-label="Loss by step; log.json has the numbers" viewBox="0 0 ${WIDTH} ${HEIGHT}">${up.join("")}${across.join("")}
<polyline points="${points.join(" ")}"/></svg>
<h2>At the end</h2>
<table><tbody>${figures.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join("")}</tbody></table>
</main>`;
  return sheetPage({ title, body, style: `${PLOT_STYLE}polyline { fill: none; stroke: var(--main); stroke-width: 2; }` });
}
