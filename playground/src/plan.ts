/** The plan: draws the tiles of every scale over the image and estimates their cost. */
import type { S2Plan } from "s2-vision";
import { planImage } from "s2-vision/web";
import { attempt, byId, make } from "./dom.ts";
import { dashed, dim, outline } from "./draw.ts";
import type { Overlay } from "./image-canvas.ts";
import { onChange, planOptions, scaleNames, session, set, setInput } from "./session.ts";

type ScalePlan = S2Plan["scales"][number];

const offered = [0.5, 1, 2, 3, 4];
const fieldset = byId("scale-choice", HTMLFieldSetElement);
/** Colors of the scales in their order, distinguishable with all color vision (Okabe and Ito). */
export const scaleColors = ["#f0e442", "#56b4e9", "#e69f00", "#cc79a7", "#009e73"];

export function setUpPlan(): void {
  const boxes = offered.map((scale) => {
    const input = make("input", { type: "checkbox", checked: session.scales.includes(scale), value: String(scale) });
    input.addEventListener("change", () => {
      const scales = boxes.filter(({ checked }) => checked).map(({ value }) => Number(value));
      if (scales.length > 0) return setInput({ scales });
      input.checked = true;
    });
    byId("scales", HTMLDivElement).append(make("label", {}, input, `${scale}x`));
    return input;
  });
  const choice = byId("tile-fraction", HTMLSelectElement);
  choice.addEventListener("change", () => setInput({ tileFraction: Number(choice.value) }));
  onChange(["shown", "loaded", "scales", "tileFraction"], replan);
  onChange(["plan"], showCost);
}

/** Plans all scales on the grid of the finest, where their difference is easiest to see; the image's pixels say which tiles are skipped. */
function replan(): void {
  const { shown, loaded } = session;
  set({ plan: undefined });
  if (!shown) return;
  // Until a model is loaded, the size of most.
  const traits = loaded?.model.traits ?? { imageSize: [224, 224] as const, patchSize: 16 };
  void attempt(fieldset, () => set({ plan: planImage(shown.image, planOptions(), traits) }));
}

/** Tiles of a scale that the model runs on. */
const runCount = ({ tiles, skipped = [] }: ScalePlan): number => tiles.length - skipped.length;

/** "9 of 19 tiles run (1 + 6 + 2 of 12), 14 % overlap"; padding is named where there is some: a scale smaller than a tile. */
function describeTiles({ tiles, scales }: S2Plan): string {
  const all = scales.reduce((sum, scale) => sum + scale.tiles.length, 0);
  const each = scales.map((scale) => ratio(runCount(scale), scale.tiles.length)).join(" + ");
  const area = (size: readonly [number, number]) => size[0] * size[1];
  const total = (areaOf: (scale: ScalePlan) => number) => scales.reduce((sum, scale) => sum + areaOf(scale), 0);
  const tiled = total(({ rows, cols, tile }) => rows * cols * area(tile));
  const canvas = total((scale) => area(scale.canvas));
  const image = total(({ canvas, padding }) => area([canvas[0] - padding[0], canvas[1] - padding[1]]));
  const percent = (pixels: number, what: string) =>
    pixels > 0 ? `, ${Math.max(1, Math.round((100 * pixels) / tiled))} % ${what}` : "";
  const counts = tiles < all ? `${ratio(tiles, all)} tiles run (${each})` : `${all} (${each})`;
  return counts + percent(tiled - canvas, "overlap") + percent(canvas - image, "padding");
}

const ratio = (count: number, all: number): string => (count < all ? `${count} of ${all}` : `${all}`);

/** Says for each scale which tiles are skipped and why. */
function skipNotes({ scales }: S2Plan): string[] {
  return scales.flatMap(({ tiles, skipped = [], detail = [] }, i) => {
    if (skipped.length === 0) return [];
    const levels = skipped.map((tile) => detail[tile]);
    const [least, most] = [Math.min(...levels), Math.max(...levels)].map((level) => level.toFixed(1));
    const [name, before] = [scaleNames([session.scales[i]]), scaleNames([session.scales[i - 1]])];
    return (
      `${name}: ${ratio(skipped.length, tiles.length)} tiles skipped (dashed). They show little that ${before} does not: ` +
      `enlarged, it differs from them by ${least === most ? least : `${least} to ${most}`} of 255 levels on average, and by more from the tiles that run. ` +
      `Their features are those of ${before}, enlarged.`
    );
  });
}

/** Megabytes of the features, and of the tiles of one run. */
function megabytesOf(plan: S2Plan, channels: number): number {
  const { rows, cols } = plan.outputGrid ?? { rows: 0, cols: 0 };
  const runSize = (scale: ScalePlan) => Math.min(runCount(scale), Number(plan.splitForward) || 1);
  const run = Math.max(...plan.scales.map((scale) => scale.tile[0] * scale.tile[1] * 3 * runSize(scale)));
  // A scale whose tokens fill in for skipped tiles of the next is kept on its own grid too.
  const fills = plan.scales.filter((_, i) => plan.scales[i + 1]?.skipped).map(({ grid }) => (grid ? grid.rows * grid.cols : 0));
  const tokens = fills.reduce((sum, count) => sum + count, 0);
  // Each scale's features, and their join.
  return (4 * (channels * (2 * plan.scales.length * (rows * cols + plan.numPrefixToken) + tokens) + run)) / 1e6;
}

function showCost(): void {
  const { plan, loaded } = session;
  const list = byId("cost", HTMLDListElement);
  const warnings = byId("plan-warnings", HTMLUListElement);
  const notes = plan ? [...skipNotes(plan), ...plan.warnings.map(({ message }) => message)] : [];
  warnings.replaceChildren(...notes.map((textContent) => make("li", { textContent })));
  byId("plan-notes", HTMLDetailsElement).hidden = warnings.childElementCount === 0;
  list.replaceChildren();
  if (!plan) return;
  const channels = loaded?.model.traits.channels;
  const seconds = loaded && (plan.tiles * loaded.tileMs) / 1000;
  const lines = {
    Tiles: describeTiles(plan),
    ...(channels && { Memory: `${Number(megabytesOf(plan, channels).toPrecision(2))} MB` }),
    Time: seconds ? `about ${Number(seconds.toPrecision(2))} s` : "known once the model is loaded",
    Preset: "dense",
  };
  list.replaceChildren(
    ...Object.entries(lines).flatMap(([name, text]) => [make("dt", { textContent: name }), make("dd", { textContent: text })]),
  );
}

/** Each scale's tiles as outlines in its color, the finest below; skipped tiles are dimmed, with a dashed outline. */
export function tilesOverlay(plan: S2Plan): Overlay {
  const skippedTiles = plan.scales.map(({ tiles, skipped = [] }) => skipped.map((tile) => tiles[tile]));
  return (context, scale) => {
    dim(context, skippedTiles.flat(), scale);
    for (let i = plan.scales.length - 1; i >= 0; i--) {
      const { tiles, skipped = [] } = plan.scales[i];
      for (const tile of skippedTiles[i]) dashed(context, tile, scale, scaleColors[i]);
      for (const [at, tile] of tiles.entries()) if (!skipped.includes(at)) outline(context, tile, scale, scaleColors[i]);
    }
  };
}
