/** Plots of panels side by side, each a plane with points, over a grid of values where there is one: maps of successes, heat maps. */
import type { CustomSeriesOption, EChartsOption, SeriesOption } from "echarts";
import type { Panel, PanelPlot } from "./result.ts";

const left = 52;
const gap = 22;
const top = 68;

/** Makes echarts' options for a drawing of this width; series of the same name have the same color in all panels. */
export function panelOptions({ title, x, y, panels }: PanelPlot, colors: readonly string[], width: number): EChartsOption {
  const side = (width - left - 16 - gap * (panels.length - 1)) / panels.length;
  const names = [...new Set(panels.flatMap(({ points }) => points.map(({ name }) => name)))];
  const axis = (index: number, name: string, [min, max]: readonly [number, number]) => ({
    ...{ type: "value" as const, gridIndex: index, min, max, name, nameLocation: "middle" as const, interval: (max - min) / 4 },
    splitLine: { show: false },
    axisLine: { onZero: false },
  });
  return {
    animation: false,
    backgroundColor: "#ffffff",
    color: [...colors],
    textStyle: { fontFamily: "sans-serif" },
    title: [
      { text: title, left: "center", textStyle: { fontSize: 14 } },
      ...panels.map((panel, i) => ({
        ...{ text: panel.name, left: left + i * (side + gap) + side / 2, top: top - 28, textAlign: "center" as const },
        textStyle: { fontSize: 12, fontWeight: "normal" as const },
      })),
    ],
    legend: { bottom: 0, itemGap: 32, data: names },
    grid: panels.map((_, i) => ({ left: left + i * (side + gap), top, width: side, height: side })),
    xAxis: panels.map((panel, i) => ({ ...axis(i, x, panel.x), nameGap: 26 })),
    yAxis: panels.map((panel, i) => ({
      ...axis(i, i === 0 ? y : "", panel.y),
      nameGap: 34,
      axisLabel: { show: i === 0 },
      inverse: panel.down,
    })),
    series: panels.flatMap((panel, i): SeriesOption[] => [
      ...(panel.heat ? [heatSeries(panel, i)] : []),
      ...panel.points.map(
        ({ name, at, symbol = "circle" }): SeriesOption => ({
          ...{ type: "scatter", name, xAxisIndex: i, yAxisIndex: i, symbol, symbolSize: symbol === "circle" ? 7 : 14, z: 5 },
          color: colors[names.indexOf(name) % colors.length],
          itemStyle: symbol === "circle" ? {} : { borderColor: "#ffffff", borderWidth: 1.5 },
          data: at.map((point) => [...point]),
        }),
      ),
    ]),
  };
}

/** Draws a grid of values over the whole panel, its first row at the top; dark is low. */
function heatSeries({ x, y, down, heat }: Panel, index: number): CustomSeriesOption {
  const { rows, cols, values } = heat!;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [across, along] = [(x[1] - x[0]) / cols, (y[1] - y[0]) / rows];
  return {
    type: "custom",
    ...{ xAxisIndex: index, yAxisIndex: index, silent: true, z: 1 },
    data: values.map((value, i) => [i % cols, down ? Math.floor(i / cols) : rows - 1 - Math.floor(i / cols), value]),
    encode: { x: [], y: [] },
    renderItem(_, api) {
      const [col, row, value] = [0, 1, 2].map((at) => api.value(at) as number);
      const [x0, y0] = api.coord([x[0] + col * across, y[0] + row * along]);
      const [x1, y1] = api.coord([x[0] + (col + 1) * across, y[0] + (row + 1) * along]);
      const shade = Math.round((255 * (value - low)) / (high - low || 1));
      return {
        type: "rect",
        shape: { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0) + 0.5, height: Math.abs(y1 - y0) + 0.5 }, // no seams
        style: { fill: `rgb(${shade},${Math.round(0.75 * shade)},${Math.round(0.25 * shade + 60)})` },
      };
    },
  };
}
