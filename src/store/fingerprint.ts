/** Fingerprints: everything that determines the features of an image, as strings that change with it. */
import type { Traits } from "../core/index.ts";
import { imagenet, type Preprocessing } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";

/** Features hold as long as all of these are the same. */
export interface Fingerprint {
  /** From `modelFingerprint`. */
  readonly model: string;
  /** From `optionsFingerprint`. The plan follows from these, the image and the model. */
  readonly options: string;
  /** SHA-256 of the very bytes that were decoded. Times of files are not trusted: copying and unpacking keep or change them at will. */
  readonly photo: string;
  /** The version of this package. */
  readonly version: string;
}

/** The parts of a loaded model that determine its features. */
export interface ModelParts {
  /** A hash of the files that the graph comes from, with external data: `hashModelFiles` of the Node runtime. */
  readonly files: string;
  /** The output that was asked for by name. */
  readonly output?: string;
  readonly traits?: Partial<Traits>;
  /** The preprocessing that config files and options give; default ImageNet's. */
  readonly preprocessing?: Preprocessing;
}

/** SHA-256 over all that determines a model's outputs for given pixels, including how these are prepared. */
export function modelFingerprint({ files, output, traits = {}, preprocessing = imagenet }: ModelParts): Promise<string> {
  const { imageSize, patchSize, prefixTokens, layout } = traits;
  const parts = { files, output, imageSize, patchSize, prefixTokens, layout, preprocessing: sorted(preprocessing) };
  return sha256(new TextEncoder().encode(JSON.stringify(parts)));
}

/** The extraction options and the preprocessing as JSON, whatever their order; those that change time alone are left out. */
export function optionsFingerprint(options: object, preprocessing: Preprocessing = imagenet): string {
  const { splitForward, signal, onProgress, onScale, ...deciding } = options as Record<string, unknown>;
  return JSON.stringify({ ...sorted(deciding), preprocessing: sorted(preprocessing) });
}

/** Returns the parts in which two fingerprints differ. */
export function changedParts(before: Partial<Fingerprint>, now: Fingerprint): (keyof Fingerprint)[] {
  return (Object.keys(now) as (keyof Fingerprint)[]).filter((part) => before[part] !== now[part]);
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}
