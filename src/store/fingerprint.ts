/** Fingerprints: strings that change with anything that determines the features of an image. */
import type { Traits } from "../core/index.ts";
import { explicitOptions } from "../features/index.ts";
import { imagenet, type Preprocessing } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";

/** The inputs of an extraction; stored features are valid while all are the same. */
export interface Fingerprint {
  /** From `modelFingerprint`. */
  readonly model: string;
  /** From `optionsFingerprint`. The plan follows from these, the image and the model. */
  readonly options: string;
  /** SHA-256 of the decoded file. Times of files are not used: copying and unpacking may keep or change them. */
  readonly image: string;
  /** The version of this package. */
  readonly version: string;
}

/** Properties of a loaded model that determine its features. */
export interface ModelParts {
  /** A hash of the files that the graph comes from, with external data: `hashModelFiles` of the Node runtime. */
  readonly files: string;
  /** The output that was requested by name. */
  readonly output?: string;
  readonly traits?: Partial<Traits>;
  /** The preprocessing from config files and options; default ImageNet's. */
  readonly preprocessing?: Preprocessing;
}

/** Returns a SHA-256 over everything that determines a model's outputs for an image, preprocessing included. */
export function modelFingerprint({ files, output, traits = {}, preprocessing = imagenet }: ModelParts): Promise<string> {
  const { imageSize, patchSize, prefixTokens, layout } = traits;
  const inputs = { files, output, imageSize, patchSize, prefixTokens, layout, preprocessing: sorted(preprocessing) };
  return sha256(new TextEncoder().encode(JSON.stringify(inputs)));
}

/** Returns extraction options, defaults and preset filled in, and preprocessing as JSON in a fixed order, without the options that change only time. */
export function optionsFingerprint(options: object, preprocessing: Preprocessing = imagenet): string {
  const { splitForward, signal, onProgress, onScale, ...deciding } = explicitOptions(options) as Record<string, unknown>;
  return JSON.stringify({ ...sorted(deciding), preprocessing: sorted(preprocessing) });
}

/** Returns the names of the entries in which two fingerprints differ. */
export function changedParts(before: Partial<Fingerprint>, now: Fingerprint): (keyof Fingerprint)[] {
  return (Object.keys(now) as (keyof Fingerprint)[]).filter((name) => before[name] !== now[name]);
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}
