/** The model that comes with this package: where its files lie, as bundlers understand it. */

import { fetchFile, type Ways } from "./fetch-file.ts";
import type { Files } from "./fetch-model.ts";

/** s2-tiny: config.json and model.safetensors. */
export async function bundledModel(ways: Ways): Promise<Files> {
  // Written out: bundlers look for just this, a URL of a relative name, and put the file beside the page's code.
  const config = new URL("../../../models/s2-tiny/config.json", import.meta.url).href;
  const weights = new URL("../../../models/s2-tiny/model.safetensors", import.meta.url).href;
  const files: [string, Uint8Array | undefined][] = [
    ["config.json", inlined(config) ?? (await fetchFile({ address: config, name: "s2-tiny/config.json" }, ways))],
    ["model.safetensors", await fetchFile({ address: weights, name: "s2-tiny/model.safetensors" }, ways)],
  ];
  return new Map(files.filter((file): file is [string, Uint8Array] => file[1] !== undefined));
}

/** Vite writes small files into the code as data: addresses, and a strict Content-Security-Policy forbids to fetch those. */
function inlined(address: string): Uint8Array | undefined {
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(address)?.[1];
  return base64 === undefined ? undefined : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
