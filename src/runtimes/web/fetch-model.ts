/** A model's files from where they are served: a folder, an .onnx file with its configs beside it, without a network from the cache. */
import { S2Error } from "../../core/index.ts";
import { CONFIG_FILES } from "../config-files.ts";
import { fetchFile, refuseOffline, type Wanted, type Ways } from "./fetch-file.ts";
import { digest } from "./model-cache.ts";

/** The files that were found, by their names inside the folder. */
export type Files = ReadonlyMap<string, Uint8Array>;

export type Found = Wanted & { readonly bytes: Uint8Array };

/**
 * A folder's config files and the first of `onnx/model.onnx`, `model.onnx` and `model.safetensors` that it has.
 * @param folder its address, with a slash at the end.
 */
export function fetchFolder(folder: string, ways: Ways): Promise<Files> {
  return remembering(folder, ways, async () => {
    const configs = await fetchThere(CONFIG_FILES, folder, ways);
    for (const name of ["onnx/model.onnx", "model.onnx", "model.safetensors"]) {
      const model = await fetchThere([name], folder, ways);
      if (model.length > 0) return [...configs, ...model];
    }
    return configs;
  });
}

/** An .onnx file as "model.onnx", and the config files beside it; where its folder is called onnx, those of the folder around it too. */
export function fetchOnnx(address: string, ways: Ways): Promise<Files> {
  return remembering(address, ways, async () => {
    const wanted = { address, name: "model.onnx", expected: true };
    const bytes = await fetchFile(wanted, ways);
    if (!bytes) return [];
    const inOnnx = /\/onnx\/[^/]*$/.test(new URL(address).pathname);
    const outer = inOnnx ? await fetchThere(CONFIG_FILES, new URL("../", address).href, ways) : [];
    const beside = await fetchThere(CONFIG_FILES, new URL("./", address).href, ways);
    return [...outer, ...beside, { ...wanted, bytes }];
  });
}

/** Those of the files that are there. */
async function fetchThere(names: readonly string[], folder: string, ways: Ways): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of names) {
    const wanted = { address: new URL(name, folder).href, name };
    const bytes = await fetchFile(wanted, ways);
    if (bytes) found.push({ ...wanted, bytes });
  }
  return found;
}

/**
 * Notes what was found at an address, for a time without a network: what is not there cannot be asked then. Where the network fails,
 * what was noted last is loaded; what an earlier note had and this one has not is thrown away.
 */
export async function remembering(address: string, ways: Ways, find: () => Promise<Found[]>): Promise<Files> {
  const note = `${address}?s2-vision-files`;
  const noted = async (): Promise<Wanted[] | undefined> => {
    const kept = await ways.cache?.read(note);
    return kept && JSON.parse(new TextDecoder().decode(kept.bytes)); // our own, and the cache has checked it
  };
  const recall = async (why: S2Error): Promise<Files> => {
    const files: [string, Uint8Array][] = [];
    for (const wanted of (await noted()) ?? []) files.push([wanted.name, (await fetchFile(wanted, { ...ways, offline: true }))!]);
    if (files.length === 0) throw why;
    return new Map(files);
  };
  if (ways.offline) return recall(refuseOffline(address));
  try {
    const found = await find();
    const addresses = found.map((file) => file.address);
    // Where nothing was found, the server may be the wrong one for a while: what an earlier visit has kept stays.
    const earlier = found.length > 0 ? ((await noted()) ?? []) : [];
    for (const old of earlier) if (!addresses.includes(old.address)) await ways.cache?.remove(old.address);
    await keepNote(note, found, ways);
    return new Map(found.map(({ name, bytes }) => [name, bytes]));
  } catch (error) {
    if (error instanceof S2Error && /^(model|hub)-network$/.test(error.code)) return recall(error);
    throw error;
  }
}

async function keepNote(note: string, found: readonly Found[], { cache }: Ways): Promise<void> {
  if (!cache || found.length === 0) return;
  const wanted = found.map(({ bytes, ...file }) => file);
  const bytes = new TextEncoder().encode(JSON.stringify(wanted));
  await cache.write(note, { bytes, sha256: await digest("SHA-256", bytes) });
}
