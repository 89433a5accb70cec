/** Segmentation from a few clicks: the mask is fitted at once and can be saved as a picture and as a head. */
import { encode } from "fast-png";
import { clickable, clicksHead, type LabeledPoint, type Mask, segmentClicks } from "s2-vision/heads";
import { takeScales } from "s2-vision/tasks";
import { classColor, maskOver } from "s2-vision/web";
import { attempt, button, download, make } from "./dom.ts";
import { canvasOf, ring } from "./draw.ts";
import { headButtons } from "./head-files.ts";
import { imageCanvas } from "./image-canvas.ts";
import { extractOnce } from "./run-extraction.ts";
import { onChange, session } from "./session.ts";

/** Default labels; their colors are easy to distinguish. */
const most = 8;
const colorOf = (label: number): string => `rgb(${classColor(label).join(" ")})`;
const clicks: LabeledPoint[] = [];
const names = ["object", "background"];
/** The tokens of all scales or of the first, ready for clicks. */
let ready: ReturnType<typeof clickable> | undefined;

export function setUpSegment(panel: HTMLElement): void {
  const labels = make("div", { className: "chips" });
  labels.setAttribute("role", "radiogroup");
  labels.setAttribute("aria-label", "The label of the next click");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const firstOnly = make("input", { type: "checkbox" });
  const onSpot = (x: number, y: number) =>
    attempt(panel, async () => {
      const { tokens } = await extractOnce();
      ready ??= clickable(firstOnly.checked ? takeScales(tokens, [0]) : tokens);
      const start = performance.now();
      clicks.push({ x, y, label: chosenLabel(labels) });
      draw();
      performance.measure("s2:mask", { start });
    });
  const image = imageCanvas({
    label: "The image: choose points of each label",
    caption: "Click each label once or more",
    onSpot,
  });
  const draw = () => {
    const { shown } = session;
    const mask = ready && clicks.length > 0 ? screenMask(ready) : undefined;
    image.redraw((context, scale) => {
      if (mask) context.drawImage(canvasOf(maskOver(shown!.drawn, mask)), 0, 0, context.canvas.width, context.canvas.height);
      for (const { x, y, label } of clicks) ring(context, x * scale, y * scale, colorOf(label));
    });
    state.textContent = mask && shown ? percentagesOf(mask) : "";
  };
  const forget = () => {
    ready = undefined;
    clicks.length = 0;
    const { shown } = session;
    if (shown) image.show(shown.drawn, shown.image.width);
    draw();
  };
  onChange(["shown", "scales", "tileFraction", "loaded"], forget);
  firstOnly.addEventListener("change", () =>
    attempt(panel, async () => {
      const { tokens } = await extractOnce();
      ready = clickable(firstOnly.checked ? takeScales(tokens, [0]) : tokens);
      draw();
    }),
  );
  const undo = () => {
    clicks.pop();
    draw();
  };
  panel.append(
    labels,
    make("div", { className: "row" }, ...tools(panel, labels, undo, forget)),
    make("label", { className: "row hint" }, firstOnly, "first scale only, to compare"),
    make("div", { className: "panels wide" }, image.figure),
    state,
  );
  drawLabels(labels);
}

function tools(panel: HTMLElement, labels: HTMLElement, undo: () => void, forget: () => void): HTMLElement[] {
  const clicked = () => {
    if (!ready || clicks.length === 0) throw new Error("There is no mask yet; click a point of each label.");
    return ready;
  };
  const mask = () => download("mask.png", pngOf(segmentClicks(clicked(), clicks, names.length)));
  const add = () => {
    if (names.length < most) names.push(`label ${names.length + 1}`);
    drawLabels(labels, names.length - 1);
  };
  return [
    button("Add a label", add),
    button("Undo", undo),
    button("Clear", forget),
    button("Mask as PNG", () => void attempt(panel, mask)),
    ...headButtons(panel, () => clicksHead(clicked(), clicks, names)),
  ];
}

/** The mask as a palette PNG: its indices are the numbers of the labels, as `s2 eval` and other tools read it, its colors those of the page. */
const pngOf = (mask: Mask) => encode({ ...mask, channels: 1, depth: 8, palette: names.map((_, label) => classColor(label)) });

/** Fits the mask at the size of the screen copy: the full size of a large image would take too long for a click. */
function screenMask(image: ReturnType<typeof clickable>): Mask {
  const { drawn, image: full } = session.shown!;
  const scale = drawn.width / full.width;
  const small = { ...image, tokens: { ...image.tokens, size: [drawn.height, drawn.width] as const } };
  const moved = clicks.map(({ x, y, label }) => ({ x: x * scale, y: Math.min(drawn.height, y * scale), label }));
  return segmentClicks(small, moved, names.length);
}

function percentagesOf({ data }: Mask): string {
  const counts = names.map(() => 0);
  for (const label of data) counts[label]++;
  return names.map((name, i) => `${name} ${Math.round((100 * counts[i]) / data.length)} %`).join(", ");
}

const chosenLabel = (labels: HTMLElement) => Number(labels.querySelector<HTMLInputElement>(":checked")!.value);

/** Draws a radio button and a name field for each label. */
function drawLabels(labels: HTMLElement, chosen = 0): void {
  labels.replaceChildren(
    ...names.map((name, i) => {
      const radio = make("input", { type: "radio", name: "label", value: String(i), checked: i === chosen });
      radio.setAttribute("aria-label", name);
      const field = make("input", { type: "text", value: name, size: 8 });
      field.setAttribute("aria-label", `Name of label ${i + 1}`);
      field.addEventListener("input", () => {
        names[i] = field.value || `label ${i + 1}`;
        radio.setAttribute("aria-label", names[i]);
      });
      const chip = make("span", { className: "chip" }, radio, field);
      chip.style.borderColor = colorOf(i);
      return chip;
    }),
  );
}
