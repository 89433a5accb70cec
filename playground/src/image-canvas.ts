/** A canvas with the image, on which a point or a box is chosen by pointer or keyboard, in pixels of the image. */
import type { Box, Pixels } from "s2-vision/web";
import { make } from "./dom.ts";
import { canvasOf, outline } from "./draw.ts";

/** Draws over the picture; `scale` is canvas pixels per pixel of the image. */
export type Overlay = (context: CanvasRenderingContext2D, scale: number) => void;

export interface ImageCanvas {
  readonly figure: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Shows a picture of an image that is `width` pixels wide itself. */
  show(picture: Pixels, width: number, overlay?: Overlay): void;
  /** Draws the same picture with something else over it. */
  redraw(overlay?: Overlay): void;
}

export interface Choices {
  /** Accessible name of the picture. */
  readonly label: string;
  readonly caption: string;
  /** Called while the pointer or the arrow keys move, before a point is chosen. */
  readonly onMove?: (x: number, y: number) => void;
  readonly onSpot?: (x: number, y: number) => void;
  readonly onBox?: (box: Box) => void;
}

export function imageCanvas({ label, caption, ...choices }: Choices): ImageCanvas {
  const canvas = make("canvas", { width: 640, height: 427 });
  canvas.setAttribute("aria-label", label);
  canvas.setAttribute("role", "img");
  const figure = make("figure", {}, canvas, make("figcaption", { textContent: caption }));
  const drawn: { base?: HTMLCanvasElement; scale: number; overlay?: Overlay } = { scale: 1 };
  const redraw = (over?: Overlay) => {
    const context = canvas.getContext("2d")!;
    if (drawn.base) context.drawImage(drawn.base, 0, 0);
    drawn.overlay?.(context, drawn.scale);
    over?.(context, drawn.scale);
  };
  if (choices.onSpot || choices.onBox) chooseOn(canvas, () => drawn.scale, redraw, choices);
  return {
    figure,
    canvas,
    show(picture, width, overlay) {
      [canvas.width, canvas.height] = [picture.width, picture.height];
      Object.assign(drawn, { base: canvasOf(picture), scale: picture.width / width, overlay });
      redraw();
    },
    redraw(overlay) {
      drawn.overlay = overlay;
      redraw();
    },
  };
}

/** Arrow keys move a cross, Enter chooses the point; for a box the first Enter sets one corner and the second the other. */
function chooseOn(
  canvas: HTMLCanvasElement,
  scale: () => number,
  redraw: (over?: Overlay) => void,
  { onMove, onSpot, onBox }: Pick<Choices, "onMove" | "onSpot" | "onBox">,
): void {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "image");
  const how = onBox ? "Arrow keys move, Enter sets one corner of the box, then the other." : "Arrow keys move, Enter chooses.";
  canvas.setAttribute("aria-description", how);
  const cross = { x: 0.5, y: 0.5 };
  let corner: { x: number; y: number } | undefined;
  const take = () => {
    const here = { x: cross.x * canvas.width, y: cross.y * canvas.height };
    if (!onBox) return onSpot?.(here.x / scale(), here.y / scale());
    if (!corner) return (corner = here);
    const box = between(corner, here, scale());
    corner = undefined;
    if (box.width > 2 && box.height > 2) onBox(box);
  };
  const moved = () => onMove?.((cross.x * canvas.width) / scale(), (cross.y * canvas.height) / scale());
  const showCross: Overlay = (context) => {
    const [x, y] = [cross.x * canvas.width, cross.y * canvas.height];
    outline(context, { left: x - 12, top: y, width: 24, height: 0 }, 1);
    outline(context, { left: x, top: y - 12, width: 0, height: 24 }, 1);
    if (corner) outline(context, between(corner, { x, y }, 1), 1, "#fbbf24");
  };
  const moves: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    if (event.key in moves) {
      const [across, down] = moves[event.key];
      cross.x = Math.min(0.999, Math.max(0, cross.x + across * step));
      cross.y = Math.min(0.999, Math.max(0, cross.y + down * step));
      if (onMove) moved();
      else redraw(showCross);
    } else if (event.key === "Enter" || event.key === " ") take();
    else if (event.key === "Escape") corner = undefined;
    else return;
    event.preventDefault();
  });
  const at = (event: PointerEvent) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    cross.x = Math.min(0.999, Math.max(0, (event.clientX - left) / width));
    cross.y = Math.min(0.999, Math.max(0, (event.clientY - top) / height));
  };
  canvas.addEventListener("pointerdown", (event) => {
    at(event);
    corner = undefined;
    if (onBox) canvas.setPointerCapture(event.pointerId);
    // A finger that goes down may be about to scroll or to move the lens.
    if (event.pointerType === "touch" && onMove) moved();
    else take();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (onBox) return;
    at(event);
    moved();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (event.pointerType !== "touch" || !onMove) return;
    at(event);
    take();
  });
  if (!onBox) return;
  canvas.addEventListener("pointermove", (event) => {
    if (!corner || !canvas.hasPointerCapture(event.pointerId)) return;
    at(event);
    redraw(showCross);
  });
  canvas.addEventListener("pointerup", (event) => {
    at(event);
    if (corner) take();
  });
}

function between(a: { x: number; y: number }, b: { x: number; y: number }, scale: number): Box {
  return {
    left: Math.min(a.x, b.x) / scale,
    top: Math.min(a.y, b.y) / scale,
    width: Math.abs(a.x - b.x) / scale,
    height: Math.abs(a.y - b.y) / scale,
  };
}
