/** Similarity maps: how similar all tokens are to the clicked one, for each set of scales side by side. */

import type { ImageTokens } from "s2-vision/heads";
import { boxAround, gridGeometryOf, regionVector, similarities } from "s2-vision/retrieval";
import { takeScales } from "s2-vision/tasks";
import { type Box, heatOver, type Pixels } from "s2-vision/web";
import { attempt, make } from "./dom.ts";
import { outline } from "./draw.ts";
import { type ImageCanvas, imageCanvas } from "./image-canvas.ts";
import { forScreen } from "./images.ts";
import { extractOnce } from "./run-extraction.ts";
import { onChange, scaleNames, session } from "./session.ts";

/** One set of scales, from the first on. */
interface View {
  readonly canvas: ImageCanvas;
  tokens?: ImageTokens;
}

/** Longest side of the pictures. */
const SIDE = 448;

export function setUpHeat(panel: HTMLElement): void {
  const panels = make("div", { className: "panels" });
  const state = make("p", { className: "hint", textContent: "Click a point of the image." });
  state.setAttribute("role", "status");
  panel.append(state, panels);
  let views: View[] = [];
  let small: Pixels | undefined;
  const onSpot = (x: number, y: number) =>
    attempt(panel, async () => {
      const { tokens } = await extractOnce();
      const { image } = session.shown!;
      const start = performance.now();
      views.forEach((view, i) => {
        const heat = {
          all: (view.tokens ??= takeScales(tokens, tokens.channelsPerScale.map((_, at) => at).slice(0, i + 1))),
          x,
          y,
        };
        showHeat(view.canvas, heat, small!, image);
      });
      performance.measure("s2:heat", { start });
      state.textContent = `Similarity to the point ${Math.round(x)}, ${Math.round(y)}, in ${Math.round(performance.now() - start)} ms.`;
    });
  const reset = () => {
    const { shown, scales } = session;
    if (!shown) return;
    const picture = (small = forScreen(shown.image, SIDE));
    views = scales.map((_, i) => {
      const names = scaleNames(scales.slice(0, i + 1));
      const canvas = imageCanvas({ label: `The image at ${names}: choose a point`, caption: names, onSpot });
      canvas.show(picture, shown.image.width);
      return { canvas };
    });
    panels.replaceChildren(...views.map(({ canvas }) => canvas.figure));
    state.textContent = "Click a point of the image.";
  };
  onChange(["shown", "scales", "tileFraction", "loaded"], reset);
}

function showHeat(
  canvas: ImageCanvas,
  { all, x, y }: { all: ImageTokens; x: number; y: number },
  small: Pixels,
  image: Pixels,
): void {
  const box: Box = boxAround(all, x, y, 1);
  const heat = { ...all.grid, data: similarities(all, regionVector(all, box)) };
  canvas.show(heatOver(small, image, heat, gridGeometryOf(all)), image.width, (context, scale) => outline(context, box, scale));
}
