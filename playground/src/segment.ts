/** Segmentation from a few clicks, with one scale and with all side by side; the masks are fitted at once and leave as picture, head and lists. */
import { encode } from "fast-png";
import { clickable, clicksHead, type LabeledPoint, type Mask, segmentClicks } from "s2-vision/heads";
import { takeScales } from "s2-vision/tasks";
import { classColor, maskOver } from "s2-vision/web";
import { attempt, button, download, make } from "./dom.ts";
import { canvasOf, ring } from "./draw.ts";
import { csvOf, headButtons } from "./files.ts";
import { type ImageCanvas, imageCanvas } from "./image-canvas.ts";
import { extractAll, extractOnce } from "./run-extraction.ts";
import { onChange, session, sides, stem } from "./session.ts";

/** Default labels; their colors are easy to distinguish. */
const most = 8;
const colorOf = (label: number): string => `rgb(${classColor(label).join(" ")})`;
const clicks: LabeledPoint[] = [];
const names = ["object", "background"];

/** The image with the mask of one scale, the first side, or of all, the last. */
interface Side {
  readonly caption: string;
  readonly image: ImageCanvas;
  /** The side's tokens, ready for clicks. */
  ready?: ReturnType<typeof clickable>;
}

let shownSides: Side[] = [];

export function setUpSegment(panel: HTMLElement): void {
  const labels = make("div", { className: "chips" });
  labels.setAttribute("role", "radiogroup");
  labels.setAttribute("aria-label", "The label of the next click");
  const panels = make("div", { className: "panels two" });
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const draw = () => {
    const texts = shownSides.map(({ caption, image, ready }) => {
      const mask = ready && clicks.length > 0 ? screenMask(ready) : undefined;
      image.redraw((context, scale) => {
        if (mask)
          context.drawImage(canvasOf(maskOver(session.shown!.drawn, mask)), 0, 0, context.canvas.width, context.canvas.height);
        for (const { x, y, label } of clicks) ring(context, x * scale, y * scale, colorOf(label));
      });
      return (
        mask &&
        `${caption}: ${percentagesOf(mask)
          .map(([name, percent]) => `${name} ${Math.round(percent)} %`)
          .join(", ")}.`
      );
    });
    state.textContent = texts.filter(Boolean).join(" ");
  };
  const onSpot = (x: number, y: number) =>
    attempt(panel, async () => {
      clicks.push({ x, y, label: chosenLabel(labels) });
      draw(); // the ring, before the model has run
      const { shown } = session;
      const { tokens } = await extractOnce();
      if (session.shown !== shown) return;
      const start = performance.now();
      prepare(tokens);
      draw();
      performance.measure("s2:mask", { start });
    });
  const forget = () => {
    clicks.length = 0;
    draw();
  };
  const reset = () => {
    const { shown } = session;
    if (!shown) return;
    shownSides = sides().map((caption) => {
      const image = imageCanvas({ label: `The image at ${caption}: choose points of each label`, caption, onSpot });
      image.show(shown.drawn, shown.image.width);
      return { caption, image };
    });
    panels.replaceChildren(...shownSides.map(({ image }) => image.figure));
    forget();
  };
  onChange(["shown", "scales", "tileFraction", "loaded"], reset);
  onChange(["extracted"], () => {
    for (const side of shownSides) side.ready = undefined;
    if (!session.extracted || clicks.length === 0) return;
    prepare(session.extracted.tokens);
    draw();
  });
  const undo = () => {
    clicks.pop();
    draw();
  };
  panel.append(labels, panels, state, make("div", { className: "row" }, ...tools(panel, labels, undo, forget)));
  drawLabels(labels);
}

type Tokens = Parameters<typeof clickable>[0];

function prepare(tokens: Tokens): void {
  for (const [i, side] of shownSides.entries())
    side.ready ??= clickable(i < shownSides.length - 1 ? takeScales(tokens, [0]) : tokens);
}

function tools(panel: HTMLElement, labels: HTMLElement, undo: () => void, forget: () => void): HTMLElement[] {
  /** The tokens of all scales with all their channels, which files are made of. */
  const clicked = async () => {
    if (clicks.length === 0) throw new Error("There is no mask yet; click a point of each label.");
    return clickable((await extractAll()).tokens);
  };
  const file = (ending: string) => `${stem(session.shown!.name)}-${ending}`;
  const mask = async () => download(file("mask.png"), pngOf(segmentClicks(await clicked(), clicks, names.length)));
  const table = async () => {
    const rows = percentagesOf(screenMask(await clicked())).map(([name, percent]) => [
      session.shown!.name,
      name,
      percent.toFixed(2),
    ]);
    download(file("areas.csv"), csvOf([["file", "label", "percent of the image"], ...rows]));
  };
  const add = () => {
    if (names.length < most) names.push(`label ${names.length + 1}`);
    drawLabels(labels, names.length - 1);
  };
  return [
    button("Add a label", add),
    button("Undo", undo),
    button("Clear", forget),
    button("Mask as PNG", () => void attempt(panel, mask)),
    button("Areas as CSV", () => void attempt(panel, table)),
    button("classes.txt", () => download("classes.txt", `${names.join("\n")}\n`)),
    ...headButtons(panel, async () => clicksHead(await clicked(), clicks, names)),
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

function percentagesOf({ data }: Mask): [name: string, percent: number][] {
  const counts = names.map(() => 0);
  for (const label of data) counts[label]++;
  return names.map((name, i) => [name, (100 * counts[i]) / data.length]);
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
