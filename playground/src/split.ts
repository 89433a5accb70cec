/** Two pictures of the same size in one frame, with a border between them that a range input moves. */
import type { Pixels } from "s2-vision/web";
import { make } from "./dom.ts";
import { canvasOf } from "./draw.ts";

/** Draws over both pictures. */
type Overlay = (context: CanvasRenderingContext2D) => void;

export interface Split {
  readonly element: HTMLElement;
  /** Shows one or two pictures under their captions; a missing one is shown as `waiting`. */
  show(pictures: readonly (Pixels | undefined)[], captions: readonly string[], waiting: Pixels, overlay: Overlay): void;
}

export function split(label: string): Split {
  const canvases = [0, 1].map((side) => {
    const canvas = make("canvas", { className: side ? "second" : "first" });
    canvas.setAttribute("role", "img");
    return canvas;
  });
  const badges = [0, 1].map((side) => make("span", { className: `badge ${side ? "right" : "left"}` }));
  const range = make("input", { type: "range", min: "0", max: "100", value: "50" });
  const element = make("div", { className: "split" }, ...canvases, ...badges, range);
  const move = () => {
    element.style.setProperty("--split", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${badges[0].textContent} on the left ${range.value} %`);
  };
  range.addEventListener("input", move);
  return {
    element,
    show(pictures, captions, waiting, overlay) {
      range.hidden = badges[1].hidden = canvases[1].hidden = captions.length < 2;
      range.setAttribute("aria-label", `Border between ${captions.join(" and ")}`);
      for (const [side, caption] of captions.entries()) {
        const picture = pictures[side] ?? waiting;
        badges[side].textContent = caption;
        canvases[side].setAttribute("aria-label", `${label} at ${caption}`);
        [canvases[side].width, canvases[side].height] = [picture.width, picture.height];
        const context = canvases[side].getContext("2d")!;
        context.drawImage(canvasOf(picture), 0, 0);
        overlay(context);
      }
      move();
    },
  };
}
