/** The result of an experiment as plain JSON, and the page that is written from it. */
import type { Interval } from "s2-vision/metrics";

export type Cell = string | number | Interval | null;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Digits after the decimal point; default 1. */
  readonly digits?: number;
}

interface PlotLabels {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

/** A plot with groups along x, and a bar or a point of each series in every group. */
export interface GroupPlot extends PlotLabels {
  readonly kind: "bar" | "line";
  readonly groups: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly (number | Interval | null)[] }[];
}

/** A plot over a logarithmic x: each series is a curve, beside which some points stand alone. */
export interface CurvePlot extends PlotLabels {
  readonly kind: "curve";
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly CurvePoint[];
    readonly alone?: readonly (CurvePoint & { readonly symbol: "diamond" | "triangle" | "rect" })[];
  }[];
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number | Interval;
}

/** A plot of planes side by side, with points and with the values of a grid below them. */
export interface PanelPlot extends PlotLabels {
  readonly kind: "panels";
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly name: string;
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
  /** True where y grows downward, as in pictures. */
  readonly down?: boolean;
  readonly points: readonly {
    readonly name: string;
    readonly symbol?: "circle" | "diamond" | "triangle";
    readonly at: readonly (readonly [x: number, y: number])[];
  }[];
  /** Values row by row over the whole plane, the first row at the top. */
  readonly heat?: { readonly rows: number; readonly cols: number; readonly values: readonly number[] };
}

export type Plot = GroupPlot | CurvePlot | PanelPlot;

/** Everything that a page shows; fractions are in percent. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** Paragraphs that describe the method. */
  readonly method: readonly string[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** Sentences that are made from the figures. */
  readonly findings: readonly string[];
  readonly command: string;
  readonly seeds: readonly number[];
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly models: readonly { readonly name: string; readonly sha256: string }[];
  readonly version: string;
  /** Files that could not be used, with the reasons. */
  readonly issues: readonly { readonly path: string; readonly reason: string }[];
}

/** The part of a result that the experiment itself makes. */
export type Outcome = Pick<Result, "method" | "tables" | "plots" | "findings" | "seeds">;

/** Formats a cell: "71.2", or with an interval "71.2 (68.0 to 74.1)". */
export function figure(cell: Cell, digits = 1): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return Number.isInteger(cell) && Math.abs(cell) >= 1000 ? String(cell) : fixed(cell, digits);
  return `${fixed(cell.value, digits)} (${fixed(cell.low, digits)} to ${fixed(cell.high, digits)})`;
}

/** Rounds without "-0.0". */
const fixed = (value: number, digits: number): string => value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");

/** Writes the page in Markdown; plots lie beside it as NAME-PLOT.svg and .png. */
export function page(result: Result): string {
  const { title, question, findings, method, tables, plots, command, seeds, machine, models, version, issues } = result;
  const sections = [`# ${title}`, question, bullets(findings)];
  for (const plot of plots) sections.push(`![${plot.title}](${result.name}-${plot.name}.svg)`);
  for (const each of tables) sections.push(`**${each.title}**`, markdown(each));
  sections.push("## Method", ...method);
  if (issues.length > 0)
    sections.push(`${issues.length} files could not be used:`, bullets(issues.map(({ path, reason }) => `${path}: ${reason}`)));
  const run = models.map(({ name, sha256 }) => `${name} (sha256 ${sha256.slice(0, 12)})`).join(", ");
  const where = `s2-vision ${version}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`;
  sections.push(
    "## Command",
    `\`\`\`sh\n${command}\n\`\`\``,
    models.length > 0
      ? `Seeds ${seeds.join(", ") || "none"}; ${run}; ${where} Intervals are 95 %, by bootstrap over images. Figures: ${result.name}.json.`
      : `No model and no data; ${where} Figures: ${result.name}.json.`,
  );
  return `${sections.join("\n\n")}\n`;
}

/** Writes the index of all pages, a line each with the first two findings. */
export function resultsIndex(results: readonly Result[]): string {
  const lines = results.map(({ name, title, findings }) => `- [${title}](${name}.md): ${findings.slice(0, 2).join(" ")}`);
  const about =
    "The paper's experiments on frozen features, run by `npm run experiment -- NAME`. Every figure comes from NAME.json beside its page; " +
    "`npm run experiment -- --render` writes the pages, the plots and this index from there.";
  return `# Results\n\n${about}\n\n${lines.join("\n")}\n`;
}

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join("\n");

function markdown({ columns, rows, digits }: Table): string {
  const lines = [
    columns,
    columns.map((_, i) => (i === 0 ? "---" : "---:")),
    ...rows.map((row) => row.map((cell) => figure(cell, digits))),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
