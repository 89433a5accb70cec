/** The example images, and the features of one of them that were computed before, so that the page shows something at once. */
import { resize } from "s2-vision";
import { joinScales } from "s2-vision/tasks";
import { readSafetensors } from "s2-vision/web";
import shelf from "../examples/shelf.webp?url";
import streetFeatures from "../examples/street.safetensors?url";
import street from "../examples/street.webp?url";
import words from "../examples/words.webp?url";
import { type Extracted, onChange, planOptions, type ScaleMap, session, set, tokensOfMap } from "./session.ts";

export interface Example {
  readonly name: string;
  readonly address: string;
  /** Address of features that scripts/precompute-playground.mjs made. */
  readonly features?: string;
  /** Places to compare, in pixels of the image; the first is chosen. */
  readonly places?: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}

export const examples: readonly Example[] = [
  {
    name: "street.webp",
    address: street,
    features: streetFeatures,
    places: [
      { name: "Tree", x: 962, y: 640 },
      { name: "Red car", x: 130, y: 770 },
      { name: "Person", x: 452, y: 790 },
      { name: "Flowers", x: 400, y: 268 },
    ],
  },
  { name: "shelf.webp", address: shelf },
  { name: "words.webp", address: words },
];

/** Shows the precomputed features where they are those of the chosen options, until the model has run. */
export function setUpPrecomputed(): void {
  onChange(["shown", "scales", "tileFraction", "loaded"], async () => {
    const { shown, loaded } = session;
    const address = shown?.example?.features;
    if (!address || (loaded && !loaded.bundled)) return;
    const found = await precomputed(address).catch(() => undefined); // without them the page works like with any image
    if (found && found.options === chosenOptions() && session.shown === shown && !session.extracted && !session.maps)
      set({ extracted: found.extracted });
  });
}

/** The options as the script writes them. */
function chosenOptions(): string {
  const { tileFraction, ...options } = planOptions();
  return tileFraction === 1 ? JSON.stringify(options) : "";
}

const read = new Map<string, Promise<{ options: string; extracted: Extracted }>>();

function precomputed(address: string) {
  if (!read.has(address)) read.set(address, readFeatures(address));
  return read.get(address)!;
}

/** Reads int8 maps, each on its own grid, and enlarges them to the grid of the finest as `extract` does. */
async function readFeatures(address: string): Promise<{ options: string; extracted: Extracted }> {
  const { tensors, metadata } = readSafetensors(new Uint8Array(await (await fetch(address)).arrayBuffer()));
  const scales = Object.keys(tensors).filter((name) => name.startsWith("scale-")).length;
  const [rows, cols] = tensors[`scale-${scales - 1}`].dims;
  const maps = Array.from({ length: scales }, (_, i): ScaleMap => {
    const { dims, data } = tensors[`scale-${i}`];
    const [high, wide, channels] = dims;
    const step = tensors[`step-${i}`].data;
    const planes = new Float32Array(data.length);
    for (let at = 0; at < data.length; at++)
      planes[(at % channels) * high * wide + Math.floor(at / channels)] = Number(data[at]) * Number(step[at % channels]);
    const { data: large } = resize({ dims: [1, channels, high, wide], data: planes }, [rows, cols], { mode: "bilinear" });
    const tokens = new Float32Array(large.length);
    for (let at = 0; at < large.length; at++)
      tokens[(at % (rows * cols)) * channels + Math.floor(at / (rows * cols))] = large[at];
    return { rows, cols, channels, data: tokens };
  });
  const size: [number, number] = JSON.parse(metadata!.size);
  return { options: metadata!.options, extracted: { maps, tokens: joinScales(maps.map((map) => tokensOfMap(map, size))) } };
}
