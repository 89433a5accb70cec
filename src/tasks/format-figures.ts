/** Figures, differences and their intervals as people read them. */
import type { Interval } from "../metrics/index.ts";
import type { MeasuredFigure, TaskFigure } from "./figures.ts";

type Unit = TaskFigure["unit"];

/** Factor, digits after the point, unit of a value, unit of a difference. */
const UNITS: Record<Unit, readonly [factor: number, digits: number, value: string, difference: string]> = {
  fraction: [100, 1, " %", " points"],
  meters: [1, 3, " m", " m"],
  number: [1, 4, "", ""],
};

/** "76.8 % (71.0 to 82.6)", "0.412 m (0.380 to 0.447)". */
export const formatFigure = (figure: Interval & { readonly unit: Unit }): string =>
  formatInterval(figure, UNITS[figure.unit][2], false);

/** A difference with its sign: "+3.4 points (+1.0 to +5.8)". */
export const formatDifference = (figure: Interval & { readonly unit: Unit }): string =>
  formatInterval(figure, UNITS[figure.unit][3], true);

/** A difference without a plus sign, for sentences that say which way it goes: "3.4 points (1.0 to 5.8)". */
export const formatGain = (figure: Interval & { readonly unit: Unit }): string =>
  formatInterval(figure, UNITS[figure.unit][3], false);

/** The size of a difference without an interval: "1.3 points". */
export function formatAmount(value: number, unit: Unit): string {
  const [factor, digits, , difference] = UNITS[unit];
  return `${(value * factor).toFixed(digits)}${difference}`;
}

/** A value without an interval: "76.8 %". */
export function formatValue(value: number, unit: Unit): string {
  const [factor, digits, after] = UNITS[unit];
  return `${(value * factor).toFixed(digits)}${after}`;
}

function formatInterval({ value, low, high, unit }: Interval & { readonly unit: Unit }, after: string, signed: boolean): string {
  const [factor, digits] = UNITS[unit];
  const text = (number: number) =>
    signed ? `${number >= 0 ? "+" : "-"}${Math.abs(number * factor).toFixed(digits)}` : (number * factor).toFixed(digits);
  return `${text(value)}${after} (${text(low)} to ${text(high)})`;
}

/** Reads a difference: a 95 % interval without 0 is a difference that other images would most likely show too. */
export function verdictOn({
  low,
  high,
  better,
}: Pick<MeasuredFigure, "low" | "high" | "better">): "better" | "worse" | "may be chance" {
  if (low > 0) return better === "higher" ? "better" : "worse";
  if (high < 0) return better === "higher" ? "worse" : "better";
  return "may be chance";
}
