/** Fetches the files of a served model, a folder or an .onnx file with its configs; without a network from the cache. */
import { S2Error } from "../../core/index.ts";
import { CONFIG_FILES } from "../config-files.ts";
import { GRAPHS } from "../hub-files.ts";
import { type FetchOptions, fetchFile, offlineError, type Wanted } from "./fetch-file.ts";
import { digest } from "./model-cache.ts";

/** Bytes of the found files, by their names inside the folder. */
export type Files = ReadonlyMap<string, Uint8Array>;

export type Found = Wanted & { readonly bytes: Uint8Array };

/**
 * Fetches a folder's config files and the first of `onnx/model.onnx`, `model.onnx` and `model.safetensors` that it has.
 * @param folder its address, with a slash at the end.
 */
export function fetchFolder(folder: string, options: FetchOptions): Promise<Files> {
  return withNote(folder, options, async () => {
    const configs = await fetchThere(CONFIG_FILES, folder, options);
    for (const name of [...GRAPHS, "model.safetensors"]) {
      const model = await fetchThere([name], folder, options);
      if (model.length > 0) return [...configs, ...model];
    }
    return configs;
  });
}

/** Fetches an .onnx file as "model.onnx" and the config files beside it; from a folder called onnx, those of the folder around it too. */
export function fetchOnnx(address: string, options: FetchOptions): Promise<Files> {
  return withNote(address, options, async () => {
    const wanted = { address, name: "model.onnx", expected: true };
    const bytes = await fetchFile(wanted, options);
    if (!bytes) return [];
    const inOnnx = /\/onnx\/[^/]*$/.test(new URL(address).pathname);
    const outer = inOnnx ? await fetchThere(CONFIG_FILES, new URL("../", address).href, options) : [];
    const beside = await fetchThere(CONFIG_FILES, new URL("./", address).href, options);
    return [...outer, ...beside, { ...wanted, bytes }];
  });
}

/** Fetches the files that exist. */
async function fetchThere(names: readonly string[], folder: string, options: FetchOptions): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of names) {
    const wanted = { address: new URL(name, folder).href, name };
    const bytes = await fetchFile(wanted, options);
    if (bytes) found.push({ ...wanted, bytes });
  }
  return found;
}

/**
 * Notes which files were found at an address, for a time without a network. Where the network fails, the files of the last note are
 * loaded from the cache; files of an earlier note that this one lacks are removed from it.
 */
export async function withNote(address: string, options: FetchOptions, find: () => Promise<Found[]>): Promise<Files> {
  const note = `${address}?s2-vision-files`;
  const noted = async (): Promise<Wanted[] | undefined> => {
    const kept = await options.cache?.read(note);
    return kept && JSON.parse(new TextDecoder().decode(kept.bytes)); // our own, and the cache has checked it
  };
  const recall = async (why: S2Error): Promise<Files> => {
    const files: [string, Uint8Array][] = [];
    for (const wanted of (await noted()) ?? [])
      files.push([wanted.name, (await fetchFile(wanted, { ...options, offline: true }))!]);
    if (files.length === 0) throw why;
    return new Map(files);
  };
  if (options.offline) return recall(offlineError(address));
  try {
    const found = await find();
    const addresses = found.map((file) => file.address);
    // Where nothing was found, the server may be the wrong one for a while: the files of an earlier visit stay.
    const earlier = found.length > 0 ? ((await noted()) ?? []) : [];
    for (const old of earlier) if (!addresses.includes(old.address)) await options.cache?.remove(old.address);
    await keepNote(note, found, options);
    return new Map(found.map(({ name, bytes }) => [name, bytes]));
  } catch (error) {
    if (error instanceof S2Error && /^(model|hub)-network$/.test(error.code)) return recall(error);
    throw error;
  }
}

async function keepNote(note: string, found: readonly Found[], { cache }: FetchOptions): Promise<void> {
  if (!cache || found.length === 0) return;
  const wanted = found.map(({ bytes, ...file }) => file);
  const bytes = new TextEncoder().encode(JSON.stringify(wanted));
  await cache.write(note, { bytes, sha256: await digest("SHA-256", bytes) });
}
