/** The plan: draws the tiles of every scale over the image and estimates their cost. */
import type { S2Plan } from "s2-vision";
import { planImage } from "s2-vision/web";
import { attempt, byId, make } from "./dom.ts";
import { outline } from "./draw.ts";
import type { Overlay } from "./image-canvas.ts";
import { onChange, session, set } from "./session.ts";

const offered = [0.5, 1, 2, 3, 4];
const fieldset = byId("scale-choice", HTMLFieldSetElement);
/** Colors of the scales in their order, distinguishable with all color vision (Okabe and Ito). */
export const scaleColors = ["#f0e442", "#56b4e9", "#e69f00", "#cc79a7", "#009e73"];

export function setUpPlan(): void {
  const boxes = offered.map((scale) => {
    const input = make("input", { type: "checkbox", checked: session.scales.includes(scale), value: String(scale) });
    input.addEventListener("change", () => {
      const scales = boxes.filter(({ checked }) => checked).map(({ value }) => Number(value));
      if (scales.length > 0) return set({ scales, extracted: undefined });
      input.checked = true;
    });
    byId("scales", HTMLDivElement).append(make("label", {}, input, `${scale}x`));
    return input;
  });
  onChange(["shown", "loaded", "scales"], replan);
  onChange(["plan"], showCost);
}

/** Plans all scales on the grid of the largest, where their difference is easiest to see. */
function replan(): void {
  const { shown, scales, loaded } = session;
  set({ plan: undefined });
  if (!shown) return;
  // Until a model is loaded, the size of most.
  const traits = loaded?.model.traits ?? { imageSize: [224, 224] as const, patchSize: 16 };
  void attempt(fieldset, () => set({ plan: planImage(shown.image, { scales, resizeOutputToIdx: -1 }, traits) }));
}

/** Fraction of the tiles' pixels that are padding. */
function wasteOf({ scales }: S2Plan): number {
  const pixels = ({ rows, cols, tile }: S2Plan["scales"][number]) => rows * cols * tile[0] * tile[1];
  const all = scales.reduce((sum, scale) => sum + pixels(scale), 0);
  const image = scales.reduce((sum, { canvas, padding }) => sum + (canvas[0] - padding[0]) * (canvas[1] - padding[1]), 0);
  return Math.max(0, 1 - image / all);
}

/** Megabytes of the features, and of the tiles of one run. */
function megabytesOf(plan: S2Plan, channels: number): number {
  const { rows, cols } = plan.outputGrid ?? { rows: 0, cols: 0 };
  const run = Math.max(...plan.scales.map(({ tile }) => tile[0] * tile[1] * 3 * (Number(plan.splitForward) || 1)));
  // Each scale's features, and their join.
  return (4 * (2 * plan.scales.length * channels * (rows * cols + plan.numPrefixToken) + run)) / 1e6;
}

function showCost(): void {
  const { plan, loaded } = session;
  const list = byId("cost", HTMLDListElement);
  const warnings = byId("plan-warnings", HTMLUListElement);
  warnings.replaceChildren(...(plan?.warnings ?? []).map(({ message }) => make("li", { textContent: message })));
  byId("plan-notes", HTMLDetailsElement).hidden = warnings.childElementCount === 0;
  list.replaceChildren();
  if (!plan) return;
  const channels = loaded?.model.traits.channels;
  const known = (value: number | undefined, unit: string) =>
    value === undefined ? "known once the model is loaded" : `${value} ${unit}`;
  const lines = {
    Tiles: `${plan.tiles} (${plan.scales.map(({ tiles }) => tiles.length).join(" + ")}), ${Math.round(100 * wasteOf(plan))} % padding`,
    Memory: known(channels && Number(megabytesOf(plan, channels).toPrecision(2)), "MB"),
    Time: known(loaded && Number((plan.tiles * loaded.tileMs).toPrecision(2)), "ms expected"),
  };
  list.replaceChildren(
    ...Object.entries(lines).flatMap(([name, text]) => [make("dt", { textContent: name }), make("dd", { textContent: text })]),
  );
}

/** Each scale's tiles as outlines in its color, the finest below. */
export function tilesOverlay(plan: S2Plan): Overlay {
  return (context, scale) => {
    for (let i = plan.scales.length - 1; i >= 0; i--) {
      for (const tile of plan.scales[i].tiles) outline(context, tile, scale, scaleColors[i]);
    }
  };
}
