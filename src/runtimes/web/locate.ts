/** What a model's source means in a page, and its graph's bytes with the config files that belong to it. */
import { S2Error } from "../../core/index.ts";
import { readMetadata } from "../../onnx/own-words.ts";
import type { JsonObject } from "../hub-config.ts";
import type { KnownModel } from "../make-model.ts";
import { bundledModel } from "./bundled-model.ts";
import { fetchFile, type Ways } from "./fetch-file.ts";
import { type Files, fetchFolder, fetchOnnx } from "./fetch-model.ts";

export interface LocateWays extends Ways {
  readonly imageSize?: number | readonly [number, number];
  readonly hubUrl?: string;
}

export interface LocatedModel extends KnownModel {
  readonly bytes: Uint8Array;
}

/** The model of a source: an address (absolute, or with a first / or .), bytes, a hub name; nothing: the bundled one. */
export async function locateModel(source: string | URL | Uint8Array | undefined, ways: LocateWays): Promise<LocatedModel> {
  if (source instanceof Uint8Array) return located(source, "bytes");
  if (source === undefined || source === "") return fromFiles(await bundledModel(ways), "s2-tiny", ways);
  const name = String(source);
  if (isHubName(name)) {
    const { fetchFromHub } = await import("./fetch-hub.ts");
    const hubUrl = ways.hubUrl ?? "https://huggingface.co";
    return fromFiles(await fetchFromHub({ name, revision: "main", hubUrl }, ways), name, ways);
  }
  const address = new URL(name, globalThis.document?.baseURI ?? location.href).href;
  if (/^(blob|data):/.test(address))
    return located((await fetchFile({ address, name: "model.onnx" }, { onProgress: ways.onProgress }))!, address);
  if (/\.onnx($|[?#])/.test(address)) return fromFiles(await fetchOnnx(address, ways), address, ways);
  return fromFiles(await fetchFolder(address.endsWith("/") ? address : `${address}/`, ways), address, ways);
}

/** `owner/name`, and nothing that must be an address. */
function isHubName(source: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(source) && !source.endsWith(".onnx");
}

async function fromFiles(files: Files, source: string, { imageSize }: LocateWays): Promise<LocatedModel> {
  const config = parse(files.get("config.json"), `config.json of ${source}`);
  const preprocessor = parse(files.get("preprocessor_config.json"), `preprocessor_config.json of ${source}`);
  const configs = { ...(config && { config }), ...(preprocessor && { preprocessor }) };
  const graph = files.get("onnx/model.onnx") ?? files.get("model.onnx");
  if (graph) return located(graph, source, configs);
  const weights = files.get("model.safetensors");
  if (weights && config) {
    const { buildModel } = await import("../../models/index.ts"); // much code, which a model with a graph does not need
    return located(buildModel(config, weights, { imageSize }), source, configs);
  }
  const advice =
    "give the address of a folder with onnx/model.onnx, model.onnx or config.json and model.safetensors, or of an .onnx file";
  throw new S2Error("model-not-found", `There is no model at ${source}; ${advice}, or a hub name (owner/name).`);
}

function located(bytes: Uint8Array, source: string, configs: Pick<KnownModel, "config" | "preprocessor"> = {}): LocatedModel {
  return { bytes, source, metadata: readMetadata((at, length) => bytes.subarray(at, at + length), bytes.length), ...configs };
}

function parse(bytes: Uint8Array | undefined, name: string): JsonObject | undefined {
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
    throw new Error("it is not an object");
  } catch (error) {
    throw new S2Error("model-file", `${name} is not a JSON object (${(error as Error).message}); mend it on the server.`, {
      cause: error,
    });
  }
}
