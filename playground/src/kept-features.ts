/** Keeps features of photos in folders that are labeled, in the browser's own file system, so that the model runs once for each. */
import type { Store } from "s2-vision/tasks";
import { hashOf } from "./hash.ts";

const FOLDER = "label-features";

/** Opens the store for a folder. A file that cannot be kept is no loss: its features are made again. */
export async function keptFeatures(folder: string): Promise<Store> {
  const { openFolder } = await import("./folder-files.ts");
  const root = await navigator.storage.getDirectory();
  const { files } = openFolder(await root.getDirectoryHandle(FOLDER, { create: true }));
  // Names of photos may be longer than the browser allows, and have signs that it refuses.
  const fileOf = (name: string) => hashOf(new TextEncoder().encode(`${folder}/${name}`));
  return {
    read: async (name) => files.read(await fileOf(name)).catch(() => undefined),
    write: async (name, bytes) => files.write(await fileOf(name), bytes).catch(() => {}),
  };
}

export async function forgetFeatures(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(FOLDER, { recursive: true }).catch((error: Error) => {
    if (error.name !== "NotFoundError") throw error;
  });
}
