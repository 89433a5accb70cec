/** A place is clicked: how alike all others are to it, over the photo, for each set of scales side by side. */

import type { PhotoTokens } from "s2-vision/heads";
import { boxAround, placeOf, regionVector, similarities } from "s2-vision/retrieval";
import { takeScales } from "s2-vision/tasks";
import { type Box, heatOver, type Pixels } from "s2-vision/web";
import { attempt, make } from "./dom.ts";
import { outline } from "./draw.ts";
import { see } from "./look.ts";
import { type PhotoCanvas, photoCanvas } from "./photo-canvas.ts";
import { forScreen } from "./photos.ts";
import { onChange, scaleNames, session } from "./session.ts";

/** One set of scales, from the first on. */
interface View {
  readonly canvas: PhotoCanvas;
  tokens?: PhotoTokens;
}

/** Longest side of the pictures. */
const SIDE = 448;

export function setUpHeat(panel: HTMLElement): void {
  const panels = make("div", { className: "panels" });
  const state = make("p", { className: "hint", textContent: "Click a place of the photo." });
  state.setAttribute("role", "status");
  panel.append(state, panels);
  let views: View[] = [];
  let small: Pixels | undefined;
  const onSpot = (x: number, y: number) =>
    attempt(panel, async () => {
      const { tokens } = await see();
      const { photo } = session.shown!;
      const start = performance.now();
      views.forEach((view, i) => {
        const heat = { all: (view.tokens ??= takeScales(tokens, tokens.widths.map((_, at) => at).slice(0, i + 1))), x, y };
        showHeat(view.canvas, heat, small!, photo);
      });
      performance.measure("s2:heat", { start });
      state.textContent = `Alike to the place ${Math.round(x)}, ${Math.round(y)}, in ${Math.round(performance.now() - start)} ms.`;
    });
  const reset = () => {
    const { shown, scales } = session;
    if (!shown) return;
    const picture = (small = forScreen(shown.photo, SIDE));
    views = scales.map((_, i) => {
      const names = scaleNames(scales.slice(0, i + 1));
      const canvas = photoCanvas({ label: `The photo at ${names}: choose a place`, caption: names, onSpot });
      canvas.show(picture, shown.photo.width);
      return { canvas };
    });
    panels.replaceChildren(...views.map(({ canvas }) => canvas.figure));
    state.textContent = "Click a place of the photo.";
  };
  onChange(["shown", "scales", "loaded"], reset);
}

function showHeat(
  canvas: PhotoCanvas,
  { all, x, y }: { all: PhotoTokens; x: number; y: number },
  small: Pixels,
  photo: Pixels,
): void {
  const box: Box = boxAround(all, x, y, 1);
  const heat = { ...all.grid, data: similarities(all, regionVector(all, box)) };
  canvas.show(heatOver(small, photo, heat, placeOf(all)), photo.width, (context, scale) => outline(context, box, scale));
}
