/** `advicePage`: the advice of `s2 advise` as a page in one file: the verdict, plots of gains and costs, and the table. */
import { PLOT_STYLE, plotScale, ticks } from "./page-plots.ts";
import { escapeHtml, sheetPage } from "./sheet-parts.ts";

/** An extraction config: its figure with a 95 % interval, its gain over one scale, and its cost. */
export interface AdvicePageRow {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Absent for one scale itself; positive is better, also for errors. */
  readonly gain?: { readonly value: number; readonly low: number; readonly high: number };
  readonly cost: { readonly tiles: number; readonly milliseconds: number; readonly megabytes: number };
}

type Format = (value: number) => string;

/** Contents of the page. Sentences and cells of the table are text, numbers are drawn. */
export interface AdvicePage {
  readonly set: string;
  readonly about: string;
  readonly sentences: readonly string[];
  readonly figure: { readonly name: string; readonly better: "higher" | "lower"; readonly value: Format; readonly gain: Format };
  readonly rows: readonly AdvicePageRow[];
  readonly notes: readonly string[];
}

/** Writes the page; it loads nothing and runs no script. */
export function advicePage({ set, about, sentences, figure, rows, notes }: AdvicePage): string {
  const [verdict, ...rest] = sentences;
  const [first] = rows;
  const gains = rows.flatMap((row) => (row.gain ? [{ name: row.name, ...row.gain }] : []));
  const cells = rows.map(
    ({ name, value, low, high, gain, cost }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th>${[
        `${figure.value(value)} <small>${figure.value(low)} to ${figure.value(high)}</small>`,
        gain
          ? `${signed(gain.value, figure.gain)} <small>${signed(gain.low, figure.gain)} to ${signed(gain.high, figure.gain)}</small>`
          : "–",
        String(cost.tiles),
        cost.milliseconds.toFixed(0),
        cost.megabytes.toFixed(2),
      ]
        .map((cell) => `<td>${cell}</td>`)
        .join("")}</tr>`,
  );
  const body = `<header><div><h1>Does S² help on ${escapeHtml(set)}?</h1><p>${escapeHtml(about)}</p></div></header>
<main>
<p class="verdict">${escapeHtml(verdict)}</p>
${rest.length > 0 ? `<ul>${rest.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>` : ""}
<h2>Better than ${escapeHtml(first.name)} by <small>${escapeHtml(figure.name)}, dots with 95 % intervals; an interval that holds 0 may be chance</small></h2>
${gainPlot(gains, figure.gain)}
<h2>${escapeHtml(figure.name)} against time <small>${figure.better} is better; milliseconds an image, logarithmic</small></h2>
${costPlot(rows, figure.value)}
<h2>Table</h2>
<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">features</th><th scope="col">${escapeHtml(figure.name)}</th><th scope="col">better than ${escapeHtml(first.name)} by</th><th scope="col">tiles</th><th scope="col">ms an image</th><th scope="col">MB an image</th></tr></thead>
<tbody>${cells.join("\n")}</tbody></table></div>
${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join("")}
</main>`;
  return sheetPage({ title: `Does S² help on ${set}?`, body, style: STYLE });
}

const signed = (value: number, format: Format): string => (value >= 0 ? "+" : "−") + format(Math.abs(value));

const [WIDTH, LEFT, RIGHT, ROW] = [760, 250, 40, 34];

/** A row for each config, its gain as a dot on a common axis with a line at 0. */
function gainPlot(rows: readonly { name: string; value: number; low: number; high: number }[], format: Format): string {
  const ends = [0, ...rows.flatMap(({ low, high }) => [low, high])];
  const x = plotScale([Math.min(...ends), Math.max(...ends)], [LEFT, WIDTH - RIGHT], 0.06);
  const height = ROW * rows.length + 34;
  const drawn = rows.map(({ name, value, low, high }, i) => {
    const y = ROW * (i + 0.5);
    const sure = low > 0 ? "good" : high < 0 ? "bad" : "open";
    return `<text x="${LEFT - 12}" y="${y + 5}" text-anchor="end">${escapeHtml(name)}</text>
<line class="${sure}" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/><circle class="${sure}" cx="${x(value)}" cy="${y}" r="5"/>`;
  });
  const axis = ticks(x.from, x.to).map(
    (value) =>
      `<text class="tick" x="${x(value)}" y="${height - 8}" text-anchor="middle">${value === 0 ? "0" : signed(value, format)}</text>`,
  );
  return `<svg role="img" aria-label="Gains with intervals; the table has the numbers" viewBox="0 0 ${WIDTH} ${height}">
<line class="axis" x1="${x(0)}" x2="${x(0)}" y1="0" y2="${height - 26}"/>${drawn.join("")}${axis.join("")}</svg>`;
}

/** A dot for each config: milliseconds across, the figure up. */
function costPlot(rows: readonly AdvicePageRow[], format: Format): string {
  const height = 320;
  const times = rows.map(({ cost }) => Math.log2(Math.max(cost.milliseconds, 0.1)));
  const x = plotScale([Math.min(...times), Math.max(...times)], [70, WIDTH - 40], 0.05);
  const ends = rows.flatMap(({ low, high }) => [low, high]);
  const y = plotScale([Math.min(...ends), Math.max(...ends)], [height - 40, 16], 0.04);
  const drawn = rows.map(({ name, value, low, high }, i) => {
    const at = x(times[i]);
    const isRight = at > WIDTH / 2;
    return `<line class="open" x1="${at}" x2="${at}" y1="${y(low)}" y2="${y(high)}"/><circle class="main" cx="${at}" cy="${y(value)}" r="5"/>
<text x="${at + (isRight ? -9 : 9)}" y="${y(value) + (i % 2 === 0 ? -6 : 16)}"${isRight ? ' text-anchor="end"' : ""}>${escapeHtml(name)}</text>`;
  });
  const across = ticks(x.from, x.to).map(
    (value) =>
      `<text class="tick" x="${x(value)}" y="${height - 12}" text-anchor="middle">${Number((2 ** value).toPrecision(2))} ms</text>`,
  );
  const up = ticks(y.from, y.to).map(
    (value) =>
      `<line class="grid-line" x1="62" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}"/><text class="tick" x="56" y="${y(value) + 4}" text-anchor="end">${format(value)}</text>`,
  );
  return `<svg role="img" aria-label="The figure against time; the table has the numbers" viewBox="0 0 ${WIDTH} ${height}">${up.join("")}${across.join("")}${drawn.join("")}</svg>`;
}

const STYLE = `${PLOT_STYLE}
line.good { stroke: #14795a; } circle.good { fill: #14795a; } line.bad { stroke: #b3420c; } circle.bad { fill: #b3420c; } line.open { stroke: var(--soft); } circle.open { fill: var(--soft); } circle.main { fill: var(--main); }
@media (prefers-color-scheme: dark) { line.good { stroke: #4cc79b; } circle.good { fill: #4cc79b; } line.bad { stroke: #ff9a62; } circle.bad { fill: #ff9a62; } }
`;
