/** `hashModelFiles`: one hash over all files that a model's graph is made from, external data and sharded weights included. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import { externalLocations, readOnnx } from "../../onnx/index.ts";
import { readWhole } from "./read-file.ts";

/**
 * SHA-256 over a model's files, each with its name: an .onnx file with its external data, or a folder's
 * config.json and all safetensors files. Config files beside an .onnx file are left out: their content is in the model's traits and
 * preprocessing.
 * @param source the `source` of a `Model`.
 * @throws S2Error "model-file" when a file cannot be read.
 */
export async function hashModelFiles(source: string): Promise<string> {
  const sum = createHash("sha256");
  for (const { role, path } of filesOf(source)) sum.update(`${JSON.stringify(role)} ${await hashFile(path)}\n`);
  return sum.digest("hex");
}

function filesOf(source: string): { role: string; path: string }[] {
  const inFolder = (folder: string, names: string[]) => names.sort().map((name) => ({ role: name, path: join(folder, name) }));
  if (statSync(source).isDirectory()) {
    const names = readdirSync(source).filter((name) => /^config\.json$|\.safetensors$|\.safetensors\.index\.json$/.test(name));
    return inFolder(source, names);
  }
  // Without the graph's own name: a model that was renamed is the same model.
  return [{ role: "graph", path: source }, ...inFolder(dirname(source), besideGraph(source))];
}

/** Lists the external data that the graph names; where it cannot be read here, the files named after it. */
function besideGraph(path: string): string[] {
  try {
    return externalLocations(readOnnx(readWhole(path)));
  } catch {
    return readdirSync(dirname(path)).filter((name) => name !== basename(path) && name.startsWith(basename(path)));
  }
}

/** Hashes by path, size, time and inode: a process reads the same file once. */
const hashes = new Map<string, Promise<string>>();

function hashFile(path: string): Promise<string> {
  const { size, mtimeNs, ino } = statSync(path, { bigint: true });
  const key = `${resolve(path)} ${size} ${mtimeNs} ${ino}`;
  const known = hashes.get(key) ?? streamHash(path);
  hashes.set(key, known);
  return known;
}

async function streamHash(path: string): Promise<string> {
  const sum = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) sum.update(chunk);
  } catch (cause) {
    throw new S2Error("model-file", `${path} cannot be read (${(cause as Error).message}). Check its permissions.`, { cause });
  }
  return sum.digest("hex");
}
