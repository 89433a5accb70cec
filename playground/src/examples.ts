/** The example images, and the features of one of them that were computed before, so that the page shows something at once. */
import shelf from "../examples/shelf.avif?url";
import streetFeatures from "../examples/street.safetensors?url";
import street from "../examples/street.webp?url";
import words from "../examples/words.avif?url";
import { type Precomputed, readFeatures } from "./precomputed.ts";
import { type Example, onChange, planOptions, session, set } from "./session.ts";

export const examples: readonly Example[] = [
  {
    name: "street.webp",
    address: street,
    features: streetFeatures,
    spots: [
      { name: "Tree", x: 962, y: 640 },
      { name: "Red car", x: 130, y: 770 },
      { name: "Person", x: 452, y: 790 },
      { name: "Flowers", x: 400, y: 268 },
    ],
  },
  { name: "shelf.avif", address: shelf },
  { name: "words.avif", address: words },
];

/** Shows the precomputed features where they are those of the chosen options, until the model has run to its end. */
export function setUpPrecomputed(): void {
  onChange(["shown", "scales", "tileFraction", "loaded", "maps"], async () => {
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

const read = new Map<string, Promise<Precomputed>>();

function precomputed(address: string): Promise<Precomputed> {
  if (!read.has(address))
    read.set(
      address,
      fetch(address).then(async (answer) => readFeatures(new Uint8Array(await answer.arrayBuffer()))),
    );
  return read.get(address)!;
}
