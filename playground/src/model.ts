/** Chooses and loads a model, and times one tile of it to estimate what an image will cost. */
import { buildModel } from "s2-vision/models";
import { loadModel, modelFile, type WebModel } from "s2-vision/web";
import { attempt, byId, showProgress } from "./dom.ts";
import { type Loaded, session, setInput } from "./session.ts";

/** True in the build whose one runtime can use the graphics card; see docs/playground.md. */
declare const WEBGPU: boolean;

const fieldset = byId("model-choice", HTMLFieldSetElement);
const kind = byId("model-kind", HTMLSelectElement);
const files = byId("model-file", HTMLInputElement);
const hubName = byId("model-hub", HTMLInputElement);
const patch = byId("model-patch", HTMLInputElement);
const prefix = byId("model-prefix", HTMLInputElement);
const bar = byId("progress", HTMLProgressElement);
const state = byId("model-state", HTMLParagraphElement);

export function setUpModel(): void {
  kind.addEventListener("change", () => {
    byId("model-file-row", HTMLDivElement).hidden = kind.value !== "file";
    byId("model-hub-row", HTMLDivElement).hidden = kind.value !== "hub";
  });
  byId("model-load", HTMLButtonElement).addEventListener("click", () => void attempt(fieldset, load));
}

/** Loads the chosen model and disposes of the previous one. */
export async function load(): Promise<void> {
  const { name, source } = await chosen();
  const bundled = source === undefined;
  state.textContent = `Loading ${name} …`;
  try {
    const onProgress = ({ bytes, of }: { bytes: number; of: number }) => showProgress(bar, bytes, of);
    const notices: string[] = [];
    const model = await loadModel(source, {
      ...{ ...hints(), onProgress, onNotice: ({ message }: { message: string }) => notices.push(message) },
      ...(WEBGPU && { device: "webgpu" }),
    });
    const tileMs = await timeTile(model);
    const before = session.loaded;
    const file = source instanceof Uint8Array ? async () => source : () => modelFile(source);
    const loaded = { name, bundled, model, file, tileMs };
    setInput({ loaded });
    await before?.model.dispose();
    state.textContent = [describe(loaded), ...notices].join(" ");
  } catch (error) {
    state.textContent = session.loaded ? describe(session.loaded) : "No model is loaded.";
    throw error;
  } finally {
    bar.hidden = true;
  }
}

/** Patch size and prefix tokens from the form, for files that do not say them. */
function hints(): { patchSize?: number; prefixTokens?: number } {
  if (kind.value !== "file") return {};
  return { ...(patch.value && { patchSize: Number(patch.value) }), ...(prefix.value && { prefixTokens: Number(prefix.value) }) };
}

function describe({ name, model, tileMs }: Loaded): string {
  const { threads, device } = model.runsOn;
  const processor = `this device's processor (${threads === 1 ? "1 thread" : `${threads} threads`})`;
  const speed =
    tileMs > 1000 ? `${(tileMs / 1000).toFixed(1)} s a tile` : `${Math.max(1, Math.round(1000 / tileMs))} tiles a second`;
  return `${name} runs on ${device === "webgpu" ? "the graphics card (WebGPU)" : processor}: ${speed}.`;
}

async function chosen(): Promise<{ name: string; source: string | Uint8Array | undefined }> {
  if (kind.value === "hub") {
    const name = hubName.value.trim();
    if (!/^[\w.-]+\/[\w.-]+$/.test(name))
      throw new Error(`“${name}” is not a name on the hub; expected owner/name, such as facebook/dinov2-small.`);
    return { name, source: name };
  }
  if (kind.value === "file") return fromFiles([...(files.files ?? [])]);
  return { name: "s2-tiny", source: undefined };
}

/** Returns an ONNX file as it is, or builds one from the two files of a hub folder. */
async function fromFiles(given: readonly File[]): Promise<{ name: string; source: Uint8Array }> {
  const ending = (end: string) => given.find(({ name }) => name.endsWith(end));
  const bytes = async (file: File) => new Uint8Array(await file.arrayBuffer());
  const onnx = ending(".onnx");
  if (onnx) return { name: onnx.name, source: await bytes(onnx) };
  const [config, weights] = [ending("config.json"), ending(".safetensors")];
  if (!config || !weights) throw new Error("Choose one .onnx file, or config.json and model.safetensors together.");
  const graph = buildModel(JSON.parse(await config.text()), await bytes(weights));
  return { name: weights.name, source: graph };
}

/** Times one tile of the model's size, after one to warm up. */
async function timeTile(model: WebModel): Promise<number> {
  const [height, width] = model.traits.imageSize ?? [224, 224];
  const tile = { dims: [1, 3, height, width], data: new Float32Array(3 * height * width) };
  await model(tile);
  const start = performance.now();
  await model(tile);
  return performance.now() - start;
}
