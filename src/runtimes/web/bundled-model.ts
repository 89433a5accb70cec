/** The model that comes with this package: where its files lie, as bundlers understand it. */

import { fetchFile, type Ways } from "./fetch-file.ts";
import type { Files } from "./fetch-model.ts";

/** s2-tiny: config.json and model.safetensors. */
export async function bundledModel(ways: Ways): Promise<Files> {
  // Written out: bundlers look for just this, a URL of a relative name, and put the file beside the page's code.
  const config = new URL("../../../models/s2-tiny/config.json", import.meta.url).href;
  const weights = new URL("../../../models/s2-tiny/model.safetensors", import.meta.url).href;
  const files: [string, Uint8Array | undefined][] = [
    ["config.json", await fetchFile({ address: config, name: "s2-tiny/config.json" }, ways)],
    ["model.safetensors", await fetchFile({ address: weights, name: "s2-tiny/model.safetensors" }, ways)],
  ];
  return new Map(files.filter((file): file is [string, Uint8Array] => file[1] !== undefined));
}
