/** Extracts the features of the image and shows them scale by scale as colors of principal components. */
import type { S2Plan } from "s2-vision";
import { imageTokens } from "s2-vision/heads";
import { extract, outputMap, principalColors } from "s2-vision/web";
import { attempt, byId, make, showProgress } from "./dom.ts";
import { type ImageCanvas, imageCanvas } from "./image-canvas.ts";
import { load } from "./model.ts";
import { tilesOverlay } from "./plan.ts";
import { type Extracted, onChange, scaleNames, session, set } from "./session.ts";

type ScaleMap = NonNullable<ReturnType<typeof outputMap>>;

const fieldset = byId("run", HTMLFieldSetElement);
const state = byId("extract-state", HTMLParagraphElement);
const bar = byId("extract-progress", HTMLProgressElement);
let running: AbortController | undefined;

export function setUpExtraction(panel: HTMLElement): void {
  const image = imageCanvas({ label: "The image with the tiles of each scale", caption: "Tiles of each scale" });
  const colors = make("div", { id: "colors", className: "contents" });
  panel.append(make("div", { className: "panels" }, image.figure, colors));
  onChange(["plan"], () => {
    const { shown, plan } = session;
    if (shown && plan) image.show(shown.drawn, shown.image.width, tilesOverlay(plan));
  });
  onChange(["extracted"], () => {
    if (session.extracted) return;
    running?.abort();
    colors.replaceChildren();
    state.textContent = "";
  });
  byId("extract", HTMLButtonElement).addEventListener("click", () => void attempt(fieldset, runExtraction));
  byId("stop", HTMLButtonElement).addEventListener("click", () => running?.abort());
}

/** Returns the features of the image with the chosen model and scales; extracts them if that has not been done. */
export async function extractOnce(): Promise<Extracted> {
  if (!session.extracted) await runExtraction();
  return session.extracted!;
}

async function runExtraction(): Promise<void> {
  if (!session.loaded) await load();
  const { shown, loaded, plan } = session;
  if (!shown || !loaded || !plan) throw new Error("There is no image yet; choose one, or an example.");
  set({ extracted: undefined });
  const { signal } = (running = new AbortController());
  const stop = byId("stop", HTMLButtonElement);
  stop.hidden = false;
  performance.mark("s2:extract");
  const start = performance.now();
  try {
    const figures = colorsOf(plan, byId("colors", HTMLDivElement), start);
    const onProgress = ({ tiles, of }: { tiles: number; of: number }) => showProgress(bar, tiles, of);
    const features = await extract(loaded.model, shown.image, { ...plan, signal, onProgress, onScale: figures });
    set({ extracted: { features, tokens: imageTokens(features) } });
    const { rows, cols } = features.grid;
    const took = Math.round(performance.now() - start);
    state.textContent = `${plan.tiles} tiles in ${took} ms: ${rows} x ${cols} tokens of ${features.dims[2]} channels.`;
  } finally {
    stop.hidden = bar.hidden = true;
  }
}

/** Returns a callback that draws a scale when it is done, and all scales so far anew: they share their colors. */
function colorsOf(plan: S2Plan, colors: HTMLElement, start: number) {
  const maps: ScaleMap[] = [];
  const figures: ImageCanvas[] = [];
  return (scale: number, features: Parameters<typeof outputMap>[0]) => {
    const map = outputMap(features, plan);
    if (!map) return;
    maps.push(map);
    const name = scaleNames([session.scales[scale]]);
    const ms = Math.round(performance.now() - start);
    const figure = imageCanvas({
      label: `Features of ${name} as colors: tokens of similar color are similar to the model`,
      caption: `${name} after ${ms} ms`,
    });
    figure.canvas.classList.add("tokens");
    figures.push(figure);
    for (const [i, picture] of principalColors(maps).entries()) figures[i].show(picture, plan.image[1]);
    figure.figure.dataset.scales = name;
    colors.append(figure.figure);
    performance.mark(`s2:scale-${scale}`);
  };
}
