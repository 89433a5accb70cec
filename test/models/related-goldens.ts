/** Golden models that are too large for the repository, beside a checkout of it: `../shared/fixtures/arch-related`, in the layout of test/fixtures/arch. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { goldenFolders } from "./golden-model.ts";

const shared = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));

/** The folder of a golden model: the repository's, else the one beside it, which may not be there. */
export function relatedFolder(name: string): string {
  return goldenFolders(new RegExp(`^${name}$`))[0] ?? `${shared}arch-related/${name}`;
}

export const hasGolden = (name: string): boolean => existsSync(`${relatedFolder(name)}/io.safetensors`);

/** S² of the reference on a golden model's output: `timm-mvitv2--intermediates.1`. */
export const s2Golden = (name: string): string => `${shared}s2-related/${name}.safetensors`;
