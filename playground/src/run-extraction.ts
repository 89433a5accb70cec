/** Extracts the features of the image, once for all tabs; the scales that are done are there at once. */
import { imageTokens } from "s2-vision/heads";
import { extract, outputMap } from "s2-vision/web";
import { attempt, byId, showProgress } from "./dom.ts";
import { load } from "./model.ts";
import { type Extracted, type Loaded, onChange, type ScaleMap, session, set } from "./session.ts";

const section = byId("run", HTMLDivElement);
const state = byId("extract-state", HTMLParagraphElement);
const bar = byId("progress", HTMLProgressElement);
const start = byId("extract", HTMLButtonElement);
const stop = byId("stop", HTMLButtonElement);

let running: { readonly controller: AbortController; readonly done: Promise<Extracted>; loaded?: Loaded } | undefined;

export function setUpExtraction(): void {
  start.addEventListener("click", () => void attempt(section, async () => void (await extractNow())));
  stop.addEventListener("click", () => running?.controller.abort());
  onChange(["shown", "scales", "tileFraction"], () => running?.controller.abort());
  onChange(["loaded"], () => running?.loaded && running.controller.abort());
  onChange(["extracted", "shown"], () => {
    const { extracted } = session;
    if (!extracted) state.textContent = "";
    else if (!extracted.features) state.textContent = "This example came with its features.";
  });
}

/** Returns the features of the image with the chosen model and scales, for the screen; extracts them if there are none. */
export async function extractOnce(): Promise<Extracted> {
  return session.extracted ?? extractNow();
}

/** Returns features with all channels, for files. */
export async function extractAll(): Promise<Required<Extracted>> {
  const { extracted } = session;
  return (extracted?.features ? extracted : await extractNow()) as Required<Extracted>;
}

/** Starts an extraction, or joins the one that runs. */
function extractNow(): Promise<Extracted> {
  if (running && !running.controller.signal.aborted) return running.done;
  const controller = new AbortController();
  // Later, so that the run finds itself in `running`.
  const run = { controller, done: Promise.resolve().then(() => runExtraction(controller.signal)) };
  running = run;
  const end = () => {
    if (running !== run) return;
    running = undefined;
    stop.hidden = bar.hidden = true;
    start.disabled = false;
    if (session.maps) set({ maps: undefined });
  };
  run.done.then(end, end);
  return run.done;
}

async function runExtraction(signal: AbortSignal): Promise<Extracted> {
  stop.hidden = false;
  start.disabled = true;
  showProgress(bar, 0, 0);
  state.textContent = "";
  if (!session.loaded) {
    state.textContent = "Loading the model …";
    await load();
    signal.throwIfAborted();
  }
  const { shown, loaded, plan } = session;
  if (!shown || !loaded || !plan) throw new Error("There is no image yet; choose one, or an example.");
  if (running) running.loaded = loaded;
  set({ extracted: undefined, maps: [] });
  performance.mark("s2:extract");
  const begin = performance.now();
  const maps: ScaleMap[] = [];
  const onScale = (scale: number, features: Parameters<typeof outputMap>[0]) => {
    const map = outputMap(features, plan);
    if (!map || signal.aborted) return;
    maps.push(map);
    set({ maps: [...maps] });
    performance.mark(`s2:scale-${scale}`);
  };
  const onProgress = ({ tiles, of }: { tiles: number; of: number }) => {
    if (signal.aborted) return;
    showProgress(bar, tiles, of);
    state.textContent = `${tiles} of ${of} tiles`;
  };
  onProgress({ tiles: 0, of: plan.tiles });
  const features = await extract(loaded.model, shown.image, { ...plan, signal, onProgress, onScale });
  signal.throwIfAborted();
  const extracted = { features, tokens: imageTokens(features), maps };
  set({ maps: undefined, extracted });
  const { rows, cols } = features.grid;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  state.textContent = `${plan.tiles} tiles in ${seconds} s: ${rows} x ${cols} tokens of ${features.dims[2]} channels.`;
  return extracted;
}
