/** Plots of results as SVG, drawn by echarts: bars or lines by group, or curves over a logarithmic axis, with whiskers for intervals. */

import type { CustomSeriesOption, EChartsOption, SeriesOption } from "echarts";
import type { Interval } from "s2-vision/metrics";
import { panelOptions } from "./plot-panels.ts";
import type { CurvePlot, GroupPlot, Plot } from "./result.ts";

const size = { width: 760, height: 380 };
/** Okabe and Ito's colors, which color-blind readers can distinguish. */
const colors = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f"];

/** Draws a plot as SVG. */
export async function drawPlot(plot: Plot): Promise<string> {
  const { init } = await import("echarts"); // takes a second
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption(optionsOf(plot));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace("<svg ", `<svg role="img" aria-label="${plot.title.replaceAll('"', "'")}" `);
}

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
  legend: { bottom: 0, itemGap: 12, itemWidth: 18, data: series.map(({ name }) => name) },
  grid: { left: 64, right: 24, top: 40, bottom: 96 },
});

function groupOptions(plot: GroupPlot): EChartsOption {
  const { kind, x, y, groups, series } = plot;
  return {
    ...sharedOptions(plot),
    xAxis: {
      ...{ type: "category", data: [...groups], name: x, nameLocation: "middle", nameGap: 46 },
      axisLabel: { interval: 0, width: 660 / groups.length, overflow: "break" }, // all names, in two lines where they are long
    },
    yAxis: { type: "value", name: y, nameLocation: "middle", nameGap: 46, scale: kind === "line" },
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
        kind === "bar" ? { at: i, of: series.length } : undefined,
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

/** Draws a line from low to high at each figure; `bars` is the index of its bar in the group, and how many there are. */
function whiskers(
  points: readonly (readonly [x: number, value: number | Interval | null])[],
  stroke: string,
  bars?: { at: number; of: number },
): CustomSeriesOption {
  const data = points.flatMap(([x, value]) => (typeof value === "object" && value !== null ? [[x, value.low, value.high]] : []));
  return {
    type: "custom",
    silent: true,
    z: 10,
    data,
    renderItem(_, api) {
      const [group, low, high] = [0, 1, 2].map((at) => api.value(at) as number);
      const [bottom, top] = [api.coord([group, low]), api.coord([group, high])];
      // echarts' arithmetic for bars: a fifth of the group is its margin, three tenths of a bar the gap between two.
      const band = (api.size!([1, 0]) as number[])[0] * 0.8;
      const width = bars ? band / (bars.of + 0.3 * (bars.of - 1)) : 0;
      const shift = bars ? -band / 2 + width / 2 + bars.at * width * 1.3 : 0;
      const across = (point: number[], half: number) => ({
        x1: point[0] + shift - half,
        x2: point[0] + shift + half,
        y1: point[1],
        y2: point[1],
      });
      const style = { stroke, lineWidth: 1.2 };
      return {
        type: "group",
        children: [
          { type: "line", shape: { x1: top[0] + shift, x2: top[0] + shift, y1: top[1], y2: bottom[1] }, style },
          { type: "line", shape: across(top, 4), style },
          { type: "line", shape: across(bottom, 4), style },
        ],
      };
    },
  };
}
