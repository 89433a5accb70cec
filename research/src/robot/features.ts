/** The features that are compared, and the pictures that they are extracted from: the first one of each episode. */
import type { Folder } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import type { Photo } from "s2-vision/node";
import { type ExtractionConfig, joinScales, takeScales } from "s2-vision/tasks";
import sharp from "sharp";
import { type ExperimentContext, type ModelVariant, native, upsampled } from "../context.ts";

/** Side of the pictures in pixels: three times the models' images. */
export const pictureSide = 672;
/** Half a token at 1x of 14x14. */
const halfToken = pictureSide / 28;

export interface FeatureSet {
  /** "s2-tiny 1x+2x". */
  readonly name: string;
  readonly variant: ModelVariant;
  readonly extraction: ExtractionConfig;
  /** Runs of the model on a picture. */
  readonly tiles: number;
  /** Joins the tokens of the picture moved by half a token. */
  readonly twice?: boolean;
  /** Scales that are kept; default all. */
  readonly keep?: readonly number[];
}

/** Extraction on the finest grid, coarser scales by bilinear interpolation; for a square picture `preset: "dense"` is the same with three scales. */
const fine = (...scales: number[]): ExtractionConfig => ({ scales, fit: "squash", fusion: "bilinear", outputScale: "finest" });

/** Extraction from the picture reduced to the model's size and enlarged again, on the finest grid. */
const enlarged = (...scales: number[]): ExtractionConfig => ({ ...fine(...scales), upsampled: true });

/** Lists the features, the most telling first. */
export async function featureSets(context: ExperimentContext): Promise<FeatureSet[]> {
  const { model, larger } = context;
  const of = (name: string, variant: ModelVariant, extraction: ExtractionConfig, tiles: number, more: Partial<FeatureSet> = {}): FeatureSet => ({
    ...{ name, variant, extraction, tiles },
    ...more,
  });
  const small = model.name;
  const sets = [
    of(`${small} 1x`, "model", native(1), 1),
    of(`${small} 1x+2x+3x, finest grid`, "model", { preset: "dense" }, 14),
    of(`${small} 1x+2x+3x`, "model", native(1, 2, 3), 14),
    of(`${small} 1x+2x, finest grid`, "model", fine(1, 2), 5),
    of(`${small} 1x+2x of 224 px, finest grid`, "model", enlarged(1, 2), 5),
    of(`${small} 1x+2x+3x of 224 px, finest grid`, "model", enlarged(1, 2, 3), 14),
    of(`${small} 1x+2x`, "model", native(1, 2), 5),
    of(`${small} 1x twice`, "model", native(1), 2, { twice: true }),
  ];
  if (larger) {
    sets.push(of(`${larger.name} 1x`, "larger", native(1), 1));
    sets.push(of(`${larger.name} 1x+2x+3x, finest grid`, "larger", { preset: "dense" }, 14));
  }
  for (const [path, name, scaled] of [
    ["mobilenet_v1/x0.25", "MobileNet x0.25", true],
    ["mobilenet_v1/x1.00", "MobileNet x1.00", false],
  ] as const) {
    if (!(await context.openModel(path))) continue;
    sets.push(of(`${name} 1x`, { path }, native(1), 1));
    if (scaled) sets.push(of(`${name} 1x+2x+3x, finest grid`, { path }, { preset: "dense" }, 14));
  }
  return sets;
}

/** A store of files; `openStore` of "s2-vision/node" is one. */
type Files = ReturnType<ExperimentContext["checkpoints"]>;

/**
 * Makes a folder of pictures that are drawn when they are first read, and kept as PNG. "3.png" is the picture of the third placement, "moved-3.png" the same
 * moved by half a token.
 */
export function pictureFolder(name: string, files: Files, draw: (index: number) => Promise<Photo> | Photo): Folder {
  return {
    name,
    list: () => Promise.reject(new Error("The pictures are drawn as they are read.")),
    async read(path) {
      const kept = await files.read(path);
      if (kept) return kept;
      const photo = await draw(Number(/(\d+)\.png$/.exec(path)![1]));
      const { width, height, channels, data } = path.startsWith("moved") ? moved(photo, halfToken) : photo;
      const png = await sharp(data, { raw: { width, height, channels } }).png().toBuffer();
      await files.write(path, png);
      return png;
    },
  };
}

/** Moves a picture to the left and up; the last columns and rows are repeated. */
export function moved({ width, height, channels, data }: Photo, by: number): Photo {
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const from = Math.min(height - 1, y + by) * width;
    for (let x = 0; x < width; x++) {
      const at = (from + Math.min(width - 1, x + by)) * channels;
      for (let c = 0; c < channels; c++) result[(y * width + x) * channels + c] = data[at + c];
    }
  }
  return { width, height, channels, data: result };
}

/** Extracts the tokens of pictures, in their order; `indices` are those of the placements. */
export async function extractTokens(context: ExperimentContext, folder: Folder, indices: readonly number[], set: FeatureSet): Promise<ImageTokens[]> {
  const { extraction, variant, twice, keep, name } = set;
  context.say(`features of ${indices.length} pictures of ${folder.name}: ${name}`);
  const tokensOf = async (prefix: string) => {
    const images = indices.map((index) => `${prefix}${index}.png`);
    const features = await context.features(folder, images, extraction, variant);
    return images.map((image) => features.get(image)!);
  };
  const tokens = await tokensOf("");
  const others = twice ? await tokensOf("moved-") : undefined;
  return tokens.map((each, i) => {
    const joined = others ? joinScales([each, others[i]]) : each;
    return keep ? takeScales(joined, keep) : joined;
  });
}
