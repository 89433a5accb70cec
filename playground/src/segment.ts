/** Segmentation from a few clicks: the mask comes at once, and leaves as a picture and as a head. */
import { encode } from "fast-png";
import { type ClickablePhoto, clickable, clicksHead, type LabelledPoint, type Mask, segmentClicks } from "s2-vision/heads";
import { takeScales } from "s2-vision/tasks";
import { classColour, type Pixels } from "s2-vision/web";
import { attempt, button, download, make } from "./dom.ts";
import { canvasOf, ring } from "./draw.ts";
import { headButtons } from "./head-files.ts";
import { see } from "./look.ts";
import { photoCanvas } from "./photo-canvas.ts";
import { onChange, session } from "./session.ts";

/** Labels whose colours are told apart. */
const most = 8;
const colourOf = (label: number): string => `rgb(${classColour(label).join(" ")})`;
const clicks: LabelledPoint[] = [];
const names = ["thing", "rest"];
/** The tokens of all scales or of the first, ready for clicks. */
let ready: ClickablePhoto | undefined;

export function setUpSegment(panel: HTMLElement): void {
  const labels = make("div", { className: "chips" });
  labels.setAttribute("role", "radiogroup");
  labels.setAttribute("aria-label", "The label of the next click");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const firstOnly = make("input", { type: "checkbox" });
  const onSpot = (x: number, y: number) =>
    attempt(panel, async () => {
      const { tokens } = await see();
      ready ??= clickable(firstOnly.checked ? takeScales(tokens, [0]) : tokens);
      const start = performance.now();
      clicks.push({ x, y, label: chosenLabel(labels) });
      draw();
      performance.measure("s2:mask", { start });
    });
  const photo = photoCanvas({
    label: "The photo: choose places of each label",
    caption: "Click each label once or more",
    onSpot,
  });
  const draw = () => {
    const { shown } = session;
    const mask = ready && clicks.length > 0 ? screenMask(ready) : undefined;
    photo.redraw((context, scale) => {
      if (mask) context.drawImage(canvasOf(tinted(mask)), 0, 0, context.canvas.width, context.canvas.height);
      for (const { x, y, label } of clicks) ring(context, x * scale, y * scale, colourOf(label));
    });
    state.textContent = mask && shown ? sharesOf(mask) : "";
  };
  const forget = () => {
    ready = undefined;
    clicks.length = 0;
    const { shown } = session;
    if (shown) photo.show(shown.drawn, shown.photo.width);
    draw();
  };
  onChange(["shown", "scales", "loaded"], forget);
  firstOnly.addEventListener("change", () =>
    attempt(panel, async () => {
      const { tokens } = await see();
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
    make("label", { className: "row hint" }, firstOnly, "the first scale alone, to compare"),
    make("div", { className: "panels wide" }, photo.figure),
    state,
  );
  drawLabels(labels);
}

function tools(panel: HTMLElement, labels: HTMLElement, undo: () => void, forget: () => void): HTMLElement[] {
  const clicked = () => {
    if (!ready || clicks.length === 0) throw new Error("There is no mask yet; click a place of each label.");
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

/** Grey, each pixel the number of its label: what the evaluation and other tools read. */
const pngOf = (mask: Mask) => encode({ ...mask, channels: 1, depth: 8 });

/** At the size of the screen's copy: a large photo's own mask would take longer than a click may. */
function screenMask(photo: ClickablePhoto): Mask {
  const { drawn, photo: whole } = session.shown!;
  const scale = drawn.width / whole.width;
  const small = { ...photo, tokens: { ...photo.tokens, size: [drawn.height, drawn.width] as const } };
  const moved = clicks.map(({ x, y, label }) => ({ x: x * scale, y: Math.min(drawn.height, y * scale), label }));
  return segmentClicks(small, moved, names.length);
}

/** A word of red, green, blue and alpha for each label. */
const tints = Uint32Array.from({ length: most }, (_, label) => {
  const [red, green, blue] = classColour(label);
  return (140 << 24) | (blue << 16) | (green << 8) | red;
});

function tinted({ width, height, data }: Mask): Pixels {
  const words = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) words[i] = tints[data[i]];
  return { width, height, channels: 4, data: new Uint8Array(words.buffer) };
}

function sharesOf({ data }: Mask): string {
  const counts = names.map(() => 0);
  for (const label of data) counts[label]++;
  return names.map((name, i) => `${name} ${Math.round((100 * counts[i]) / data.length)} %`).join(", ");
}

const chosenLabel = (labels: HTMLElement) => Number(labels.querySelector<HTMLInputElement>(":checked")!.value);

/** A radio button and a field for the name, for each label. */
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
      chip.style.borderColor = colourOf(i);
      return chip;
    }),
  );
}
