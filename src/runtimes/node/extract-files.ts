/** `extractFiles`: multi-scale features of images, each written to its own file. */
import { S2Error, type S2Plan } from "../../core/index.ts";
import {
  type ExtractOptions,
  explicitOptions,
  extractImage,
  type Features,
  planImage,
  recordModel,
  scaleMaps,
  scalePicture,
} from "../../features/index.ts";
import type { Photo } from "../../images/index.ts";
import { type Fingerprint, imagesAhead, modelFingerprint, optionsFingerprint, workAhead } from "../../store/index.ts";
import { sha256 } from "../../tensors/index.ts";
import type { Model } from "../model.ts";
import { stateOf, writeFeatureFile } from "./feature-file.ts";
import { loadImage } from "./load-image.ts";
import { hashModelFiles } from "./model-files.ts";
import { type OutputFile, type OutputOptions, outputFiles } from "./output-files.ts";
import { readImage } from "./read-image.ts";
import { encodePng } from "./save-png.ts";
import { readVersion } from "./version.ts";
import { writeWhole } from "./write-whole.ts";

/** Options of `extractFiles`: those of `extract`, and how files are named and written. */
export interface ExtractFilesOptions extends ExtractOptions, OutputOptions {
  /** Type of the numbers in the files. Default "float32". */
  readonly dtype?: "float32" | "float16";
  /** Keeps the files that are complete and of the same image, model and options. Default false. */
  readonly resume?: boolean;
  /** Options that the model was loaded with: files record them, and `resume` compares them. */
  readonly loadOptions?: { readonly output?: string; readonly [name: string]: unknown };
}

/** Result of one image: its file was written, was current already, or the image failed. */
export type ExtractedFile =
  | (Omit<OutputFile, "missing"> & {
      /** Shape of the features: [1, tokens, channels]. */
      readonly dims: readonly number[];
      /** Token grid of the features. */
      readonly grid: { readonly rows: number; readonly cols: number };
      /** Number of tiles that the model ran on. */
      readonly tiles: number;
      /** Milliseconds from the decoded image to the written file. */
      readonly ms: number;
      /** Warnings of the plan. */
      readonly warnings: S2Plan["warnings"];
      /** True if `resume` found a damaged file, which was replaced. */
      readonly damaged: boolean;
    })
  | {
      readonly image: string;
      readonly out: string;
      /** `resume` kept the file. */
      readonly skipped: true;
    }
  | {
      readonly image: string;
      /** Error of the image, mostly an S2Error. */
      readonly error: unknown;
    };

/**
 * Extracts features of images (paths, folders, globs in the order of `findImages`) into files, and yields the result of each image. An
 * image that fails does not stop the others. While the model runs on one image, the next are decoded. When `signal` aborts, files under
 * way are finished and the reason is thrown.
 * @throws S2Error "option" or "write" for files that cannot be written, and those of `planImage` for options that fit no image.
 */
export async function* extractFiles(
  model: Model,
  paths: string | readonly string[],
  { out, format, picture, ...options }: ExtractFilesOptions = {},
): AsyncGenerator<ExtractedFile> {
  const { files } = await outputFiles(paths, { out, format, picture });
  yield* extractInto(model, files, options);
}

/** Extracts features into files that `outputFiles` named. */
export async function* extractInto(
  model: Model,
  files: readonly OutputFile[],
  options: Omit<ExtractFilesOptions, keyof OutputOptions>,
): AsyncGenerator<ExtractedFile> {
  const { dtype = "float32", resume, loadOptions = {}, ...extraction } = options;
  const { signal, onProgress: _, onScale: __, preprocessing = model.preprocessing, ...scales } = extraction;
  planImage({ height: 1024, width: 1024 }, scales, model.traits); // options that a square image refuses fit no image
  const { source, traits } = model;
  const { splitForward: ___, maxTilesPerImage: ____, ...deciding } = explicitOptions(scales);
  const metadata = {
    model: JSON.stringify({ source, traits }),
    options: JSON.stringify({ ...deciding, ...loadOptions, modelDtype: loadOptions.dtype, dtype }),
    s2_vision: readVersion(),
  };
  const fingerprint = {
    model: await fingerprintModel(model, loadOptions.output),
    options: optionsFingerprint(JSON.parse(metadata.options), preprocessing),
    version: metadata.s2_vision,
  };
  // Pictures and hooks need one image after the other.
  const ahead = extraction.onProgress || extraction.onScale ? 1 : imagesAhead(model);
  const load = async (file: OutputFile): Promise<Loaded | { skipped: true }> => {
    const loaded = await loadFile(file, fingerprint, resume);
    if (ahead === 1 || file.picture || "skipped" in loaded) return loaded;
    const begun = { start: performance.now(), features: extractImage(model, loaded.photo, { ...extraction, preprocessing }) };
    begun.features.catch(() => {}); // awaited in the file's turn, if that comes
    return { ...loaded, begun };
  };
  for (const [file, loading] of workAhead(files, load, signal, ahead)) {
    try {
      const loaded = await loading;
      yield "skipped" in loaded ? { image: file.image, out: file.out, skipped: true } : await write(file, loaded);
    } catch (error) {
      signal?.throwIfAborted();
      // A full disk or a folder that cannot be written to would fail every image that follows.
      if (error instanceof S2Error && error.code === "write") throw error;
      yield { image: file.image, error };
    }
  }

  async function write({ image, out, picture }: OutputFile, { photo, hash, damaged, begun }: Loaded): Promise<ExtractedFile> {
    const start = begun?.start ?? performance.now();
    const recorded = picture ? recordModel(model) : undefined;
    const features = await (begun?.features ?? extractImage(recorded ?? model, photo, { ...extraction, preprocessing }));
    const { plan } = features;
    const png = recorded && (await encodePng(scalePicture(photo, await scaleMaps(recorded, plan), plan)));
    signal?.throwIfAborted();
    // The features are written last, so that `resume` finds them only when the picture is there too.
    if (png) await writeWhole(picture!, png);
    await writeFeatureFile(out, features, dtype, {
      ...metadata,
      plan: JSON.stringify(features.plan),
      image: JSON.stringify({ source: image, width: photo.width, height: photo.height }),
      fingerprint: JSON.stringify({ ...fingerprint, image: hash }),
      ...(png && { picture: await sha256(png) }),
    });
    const { dims, grid } = features;
    const { warnings } = features.plan;
    const ms = Math.round(performance.now() - start);
    return { image, out, ...(picture && { picture }), dims, grid, tiles: plan.tiles, ms, warnings, damaged };
  }
}

interface Loaded {
  readonly photo: Photo;
  /** SHA-256 of the very bytes that were decoded. */
  readonly hash: string;
  readonly damaged: boolean;
  /** Its extraction, where that began at once. */
  readonly begun?: { readonly start: number; readonly features: Promise<Features> };
}

async function loadFile(
  { image, out, picture, missing }: OutputFile,
  fingerprint: Omit<Fingerprint, "image">,
  resume?: boolean,
): Promise<Loaded | { skipped: true }> {
  if (missing) throw missing;
  const bytes = await readImage(image);
  const hash = await sha256(bytes);
  const state = resume ? await stateOf(out, { ...fingerprint, image: hash }, picture) : "missing";
  if (state === "current") return { skipped: true };
  return { photo: await decodeFile(bytes, image), hash, damaged: state === "damaged" };
}

/** Decodes bytes that were read (and hashed) already; errors name the file. */
export async function decodeFile(bytes: Uint8Array, path: string): Promise<Photo> {
  try {
    return { ...(await loadImage(bytes)), source: path };
  } catch (cause) {
    if (!(cause instanceof S2Error)) throw cause;
    throw new S2Error(
      cause.code,
      cause.message.replace(/^The image\b/, () => `"${path}"`),
      { cause },
    );
  }
}

/** Fingerprint of a loaded model with the output that was asked for. */
export async function fingerprintModel({ source, traits, preprocessing }: Model, output?: string): Promise<string> {
  return modelFingerprint({ files: await hashModelFiles(source), output, traits, preprocessing });
}
