/** Finds a model from its source in a page: the graph's bytes and the config files that belong to it. */
import { S2Error } from "../../core/index.ts";
import { readMetadata } from "../../onnx/embedded-metadata.ts";
import { type Configs, parseConfig, readConfigs } from "../config-files.ts";
import { refusalOf } from "../foreign-files.ts";
import { GRAPHS, hub, isHubName } from "../hub-files.ts";
import type { KnownModel } from "../make-model.ts";
import { type FetchOptions, fetchFile } from "./fetch-file.ts";
import { type Files, fetchFolder, fetchOnnx } from "./fetch-model.ts";

export interface LocateOptions extends FetchOptions {
  readonly imageSize?: number | readonly [number, number];
  readonly hubUrl?: string;
}

export interface LocatedModel extends KnownModel {
  readonly bytes: Uint8Array;
}

/** Finds the model of an address (absolute, or with a first / or .), bytes or a hub name; without a source the bundled one. */
export async function locateModel(source: string | URL | Uint8Array | undefined, options: LocateOptions): Promise<LocatedModel> {
  if (source instanceof Uint8Array) return located(source, "bytes");
  if (source === undefined || source === "") return fromFiles(await bundledModel(options), "s2-tiny", options);
  const name = String(source);
  if (isHubName(name)) {
    const { fetchFromHub } = await import("./fetch-hub.ts");
    return fromFiles(await fetchFromHub({ name, revision: "main", hubUrl: options.hubUrl ?? hub }, options), name, options);
  }
  const address = new URL(name, globalThis.document?.baseURI ?? location.href).href;
  if (/^(blob|data):/.test(address))
    return located((await fetchFile({ address, name: "model.onnx" }, { onProgress: options.onProgress }))!, address);
  if (/\.onnx($|[?#])/.test(address)) return fromFiles(await fetchOnnx(address, options), address, options);
  return fromFiles(await fetchFolder(address.endsWith("/") ? address : `${address}/`, options), address, options);
}

async function fromFiles(files: Files, source: string, { imageSize }: LocateOptions): Promise<LocatedModel> {
  const configs = readConfigs((name) => {
    const bytes = files.get(name);
    return bytes && parseConfig(bytes, `${name} of ${source}`);
  });
  const graph = files.get(GRAPHS[0]) ?? files.get(GRAPHS[1]);
  if (graph) return located(graph, source, configs);
  const weights = [...files].flatMap(([name, bytes]) => (name.endsWith(".safetensors") ? [bytes] : []));
  if (weights.length > 0 && configs.config) {
    const { buildModel } = await import("../../models/index.ts"); // much code, which a model with a graph does not need
    return located(buildModel(configs.config, weights, { imageSize }), source, configs);
  }
  const advice =
    "give the address of a folder with onnx/model.onnx, model.onnx or config.json and model.safetensors, or of an .onnx file";
  throw new S2Error("model-not-found", `There is no model at ${source}; ${advice}, or a hub name (owner/name).`);
}

function located(bytes: Uint8Array, source: string, configs: Configs = {}): LocatedModel {
  const refusal = refusalOf(source, bytes.subarray(0, 48));
  if (refusal) throw new S2Error("model-file", refusal);
  return { bytes, source, metadata: readMetadata((at, length) => bytes.subarray(at, at + length), bytes.length), ...configs };
}

/** Fetches the bundled model, s2-tiny. */
async function bundledModel(options: FetchOptions): Promise<Files> {
  // Written out, because bundlers look for exactly this, a URL of a relative name, and put the file beside the page's code.
  const config = new URL("../../../models/s2-tiny/config.json", import.meta.url).href;
  const weights = new URL("../../../models/s2-tiny/model.safetensors", import.meta.url).href;
  const files = [
    ["config.json", inlined(config) ?? (await fetchFile({ address: config, name: "s2-tiny/config.json" }, options))],
    ["model.safetensors", await fetchFile({ address: weights, name: "s2-tiny/model.safetensors" }, options)],
  ] as const;
  return new Map(files.flatMap(([name, bytes]) => (bytes ? [[name, bytes]] : [])));
}

/** Decodes a data: address, as Vite writes small files into the code: a strict Content-Security-Policy forbids to fetch those. */
function inlined(address: string): Uint8Array | undefined {
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(address)?.[1];
  return base64 === undefined ? undefined : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
