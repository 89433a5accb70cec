/** Running the plan: features appear scale by scale as principal-component colors. */
import type { S2Plan } from "s2-vision";
import { imageTokens } from "s2-vision/heads";
import { extract, outputMap, principalColors } from "s2-vision/web";
import { attempt, byId, make, showProgress } from "./dom.ts";
import { type ImageCanvas, imageCanvas } from "./image-canvas.ts";
import { load } from "./model.ts";
import { tilesOverlay } from "./plan.ts";
import { onChange, type Seen, scaleNames, session, set } from "./session.ts";

type ScaleMap = NonNullable<ReturnType<typeof outputMap>>;

const part = byId("run", HTMLFieldSetElement);
const state = byId("look-state", HTMLParagraphElement);
const bar = byId("look-progress", HTMLProgressElement);
let running: AbortController | undefined;

export function setUpLook(panel: HTMLElement): void {
  const image = imageCanvas({ label: "The image with the tiles of each scale", caption: "What each scale's tiles see" });
  const colors = make("div", { id: "colors", className: "contents" });
  panel.append(make("div", { className: "panels" }, image.figure, colors));
  onChange(["plan"], () => {
    const { shown, plan } = session;
    if (shown && plan) image.show(shown.drawn, shown.image.width, tilesOverlay(plan));
  });
  onChange(["seen"], () => {
    if (session.seen) return;
    running?.abort();
    colors.replaceChildren();
    state.textContent = "";
  });
  byId("look", HTMLButtonElement).addEventListener("click", () => void attempt(part, look));
  byId("stop", HTMLButtonElement).addEventListener("click", () => running?.abort());
}

/** The features of the image with the model and the scales that are chosen; looks at it first where nobody has. */
export async function see(): Promise<Seen> {
  if (!session.seen) await look();
  return session.seen!;
}

async function look(): Promise<void> {
  if (!session.loaded) await load();
  const { shown, loaded, plan } = session;
  if (!shown || !loaded || !plan) throw new Error("There is no image yet; choose one, or an example.");
  set({ seen: undefined });
  const { signal } = (running = new AbortController());
  const stop = byId("stop", HTMLButtonElement);
  stop.hidden = false;
  performance.mark("s2:look");
  const start = performance.now();
  try {
    const figures = colorsOf(plan, byId("colors", HTMLDivElement), start);
    const onProgress = ({ tiles, of }: { tiles: number; of: number }) => showProgress(bar, tiles, of);
    const features = await extract(loaded.model, shown.image, { ...plan, signal, onProgress, onScale: figures });
    set({ seen: { features, tokens: imageTokens(features) } });
    const { rows, cols } = features.grid;
    const took = Math.round(performance.now() - start);
    state.textContent = `${plan.tiles} tiles in ${took} ms: ${rows} x ${cols} tokens of ${features.dims[2]} channels.`;
  } finally {
    stop.hidden = bar.hidden = true;
  }
}

/** Draws a picture for each scale as it comes: what the features up to it tell apart. */
function colorsOf(plan: S2Plan, colors: HTMLElement, start: number) {
  const maps: ScaleMap[] = [];
  return (scale: number, features: Parameters<typeof outputMap>[0]) => {
    const map = outputMap(features, plan);
    if (!map) return;
    maps.push(map);
    const picture = principalColors(joined(maps));
    const names = scaleNames(session.scales.slice(0, scale + 1));
    const ms = Math.round(performance.now() - start);
    const figure: ImageCanvas = imageCanvas({
      label: `Features of ${names} as colors: places of one color look alike to the model`,
      caption: `${names} after ${ms} ms`,
    });
    figure.canvas.classList.add("tokens");
    figure.show(picture, plan.image[1]);
    figure.figure.dataset.scales = names;
    colors.append(figure.figure);
    performance.mark(`s2:scale-${scale}`);
  };
}

/** Maps on one grid as one with the channels of all. */
function joined(maps: readonly ScaleMap[]): ScaleMap {
  const [{ rows, cols }] = maps;
  const channels = maps.reduce((sum, map) => sum + map.channels, 0);
  const data = new Float32Array(rows * cols * channels);
  for (let token = 0, to = 0; token < rows * cols; token++) {
    for (const map of maps) {
      data.set(map.data.subarray(token * map.channels, (token + 1) * map.channels), to);
      to += map.channels;
    }
  }
  return { rows, cols, channels, data };
}
