/** Plots of results as SVG, drawn by echarts: bars or lines by group, or curves over a logarithmic axis, with whiskers for intervals. */

import type { CustomSeriesOption, EChartsOption, SeriesOption } from "echarts";
import type { Interval } from "s2-vision/metrics";
import { panelOptions } from "./plot-panels.ts";
import type { CurvePlot, GroupPlot, Plot } from "./result.ts";

const size = { width: 760, height: 380 };
/** More groups than this are bars that lie, with their names on the left. */
const MOST_STANDING = 8;
/** Okabe and Ito's colors, which color-blind readers can distinguish. */
const colors = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f"];

/** Draws a plot as SVG. */
export async function drawPlot(plot: Plot): Promise<string> {
  const { init } = await import("echarts"); // takes a second
  const height = isLying(plot) ? 120 + 26 * plot.groups.length : size.height;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: size.width, height });
  chart.setOption(optionsOf(plot));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace("<svg ", `<svg role="img" aria-label="${plot.title.replaceAll('"', "'")}" `);
}

const isLying = (plot: Plot): plot is GroupPlot => plot.kind === "bar" && plot.groups.length > MOST_STANDING;

function optionsOf(plot: Plot): EChartsOption {
  if (plot.kind === "panels") return panelOptions(plot, colors, size.width);
  return plot.kind === "curve" ? curveOptions(plot) : groupOptions(plot);
}

const sharedOptions = ({ title, series }: GroupPlot | CurvePlot) => ({
  animation: false,
  backgroundColor: "#ffffff",
  color: colors,
  textStyle: { fontFamily: "sans-serif" },
  title: { text: title, left: "center", textStyle: { fontSize: 14 } },
  legend: { bottom: 0, itemGap: 24, itemWidth: 18, data: series.map(({ name }) => name) },
  grid: { left: 64, right: 24, top: 40, bottom: 96 },
});

function groupOptions(plot: GroupPlot): EChartsOption {
  const { kind, x, y, groups, series } = plot;
  const lying = isLying(plot);
  const names = {
    ...{ type: "category" as const, data: [...groups], nameLocation: "middle" as const },
    ...(lying ? { inverse: true } : { name: x, nameGap: 46 }),
    axisLabel: { interval: 0, width: lying ? 250 : 660 / groups.length, overflow: "break" as const }, // all names, in lines where they are long
  };
  const values = {
    type: "value" as const,
    name: y,
    nameLocation: "middle" as const,
    nameGap: lying ? 30 : 46,
    scale: kind === "line",
  };
  return {
    ...sharedOptions(plot),
    ...(lying && { grid: { left: 270, right: 24, top: 40, bottom: 72 } }),
    ...(lying ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values }),
    series: series.flatMap((each, i): SeriesOption[] => [
      {
        type: kind,
        name: each.name,
        data: each.values.map(middle),
        symbolSize: 7,
        ...(kind === "bar" && { barGap: "30%", barCategoryGap: "20%" }), // `whiskers` assumes these
        color: colors[i % colors.length],
      } as SeriesOption,
      whiskers(
        each.values.map((value, group) => [group, value]),
        "#333333",
        kind === "bar" ? { at: i, of: series.length, lying } : undefined,
      ),
    ]),
  };
}

function curveOptions(plot: CurvePlot): EChartsOption {
  const { x, y, series } = plot;
  return {
    ...sharedOptions(plot),
    xAxis: { type: "log", name: x, nameLocation: "middle", nameGap: 30, minorTick: { show: true }, ...decades(plot) },
    yAxis: { type: "value", name: y, nameLocation: "middle", nameGap: 46, scale: true },
    series: series.flatMap(({ name, points, alone = [] }, i): SeriesOption[] => {
      const color = colors[i % colors.length];
      const at = (each: (typeof points)[number]) => [each.x, middle(each.y)];
      return [
        { type: "line", name, data: points.map(at), symbol: "circle", symbolSize: 7, color },
        {
          ...{ type: "scatter", name, color, itemStyle: { color: "#ffffff", borderColor: color, borderWidth: 2 } },
          data: alone.map((each) => ({ value: at(each), symbol: each.symbol, symbolSize: 11 })),
        } as SeriesOption,
        {
          ...whiskers(
            [...points, ...alone].map((each) => [each.x, each.y]),
            color,
          ),
          encode: { x: 0, y: [1, 2] }, // so that the axis has room for the intervals
        },
      ];
    }),
  };
}

/** The powers of ten around all points. */
function decades({ series }: CurvePlot): { min: number; max: number } {
  const all = series.flatMap(({ points, alone = [] }) => [...points, ...alone].map(({ x }) => Math.log10(x)));
  return { min: 10 ** Math.floor(Math.min(...all)), max: 10 ** Math.ceil(Math.max(...all)) };
}

const middle = (value: number | Interval | null) => (typeof value === "object" && value !== null ? value.value : value);

/** Draws a line from low to high at each figure; `bars` is the index of its bar in the group, how many there are, and how they point. */
function whiskers(
  points: readonly (readonly [x: number, value: number | Interval | null])[],
  stroke: string,
  bars?: { at: number; of: number; lying: boolean },
): CustomSeriesOption {
  const data = points.flatMap(([x, value]) => (typeof value === "object" && value !== null ? [[x, value.low, value.high]] : []));
  const lying = bars?.lying ?? false;
  return {
    type: "custom",
    silent: true,
    z: 10,
    data,
    ...(lying && { encode: { x: [1, 2], y: 0 } }),
    renderItem(_, api) {
      const [group, low, high] = [0, 1, 2].map((at) => api.value(at) as number);
      // echarts' arithmetic for bars: a fifth of the group is its margin, three tenths of a bar the gap between two.
      const band = (api.size!(lying ? [0, 1] : [1, 0]) as number[])[lying ? 1 : 0] * 0.8;
      const width = bars ? band / (bars.of + 0.3 * (bars.of - 1)) : 0;
      const shift = bars ? -band / 2 + width / 2 + bars.at * width * 1.3 : 0;
      const style = { stroke, lineWidth: 1.2 };
      /** A line between two points, each given by its value and pixels across the bar. */
      const line = (from: readonly [value: number, across: number], to: readonly [value: number, across: number]) => {
        const [[x1, y1], [x2, y2]] = [from, to].map(([value, across]) => {
          const [x, y] = api.coord(lying ? [value, group] : [group, value]);
          return lying ? [x, y + shift + across] : [x + shift + across, y];
        });
        return { type: "line" as const, shape: { x1, y1, x2, y2 }, style };
      };
      const ends = [low, high].map((value) => line([value, -4], [value, 4]));
      return { type: "group", children: [line([low, 0], [high, 0]), ...ends] };
    },
  };
}
