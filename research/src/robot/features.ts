/** The features that are compared, and the pictures that they are extracted from: the first one of each episode. */
import type { Folder } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import type { Photo } from "s2-vision/node";
import { type ExtractionConfig, joinScales } from "s2-vision/tasks";
import sharp from "sharp";
import { type ExperimentContext, type ExperimentModel, type ModelVariant, native } from "../context.ts";

export interface FeatureSet {
  /** "s2-tiny 1x+2x". */
  readonly name: string;
  /** SHA-256 of the model's weights. */
  readonly sha256: string;
  readonly variant: ModelVariant;
  readonly extraction: ExtractionConfig;
  /** Runs of the model on a picture. */
  readonly tiles: number;
  /** Joins the tokens of the picture moved by half a token. */
  readonly twice?: boolean;
}

/** Extraction on the finest grid, coarser scales by bilinear interpolation; for a square picture `preset: "dense"` is the same with three scales. */
const fine = (...scales: number[]): ExtractionConfig => ({ scales, fit: "squash", fusion: "bilinear", outputScale: "finest" });

/** Extraction from the picture reduced to the model's size and enlarged again, on the finest grid. */
const enlarged = (...scales: number[]): ExtractionConfig => ({ ...fine(...scales), upsampled: true });

/** Lists the features, the main comparison first. */
export async function featureSets(context: ExperimentContext): Promise<FeatureSet[]> {
  const { model, larger } = context;
  const setsOf = (name: string, { sha256 }: ExperimentModel, variant: ModelVariant, configs: readonly Config[]): FeatureSet[] =>
    configs.map(([features, extraction, tiles, more]) => ({
      name: `${name} ${features}`,
      sha256,
      variant,
      extraction,
      tiles,
      ...more,
    }));
  const oneScale: Config = ["1x", native(1), 1];
  const dense: Config = ["1x+2x+3x, finest grid", { preset: "dense" }, 14];
  const sets = setsOf(model.name, model, "model", [
    oneScale,
    dense,
    ["1x+2x+3x", native(1, 2, 3), 14],
    ["1x+2x+3x of 224 px, finest grid", enlarged(1, 2, 3), 14],
    ["1x+2x, finest grid", fine(1, 2), 5],
    ["1x+2x of 224 px, finest grid", enlarged(1, 2), 5],
    ["1x+2x", native(1, 2), 5],
    ["1x twice", native(1), 2, { twice: true }],
  ]);
  if (larger) sets.push(...setsOf(larger.name, larger, "larger", [oneScale, dense]));
  for (const [width, configs] of [
    ["x0.25", [oneScale, dense]],
    ["x1.00", [oneScale]],
  ] as const) {
    const path = `mobilenet_v1/${width}`;
    const opened = await context.openModel(path);
    if (opened) sets.push(...setsOf(`MobileNet ${width}`, opened, { path }, configs));
  }
  return sets;
}

type Config = readonly [features: string, extraction: ExtractionConfig, tiles: number, more?: Pick<FeatureSet, "twice">];

/** A store of files; `openStore` of "s2-vision/node" is one. */
type Files = ReturnType<ExperimentContext["checkpoints"]>;

/**
 * Makes a folder of pictures that are drawn when they are first read, and kept as PNG. "3.png" is the picture of the third placement, "moved-3.png" the same
 * moved by half a token of 14x14.
 */
export function pictureFolder(name: string, files: Files, draw: (index: number) => Promise<Photo> | Photo): Folder {
  return {
    name,
    list: () => Promise.reject(new Error("The pictures are drawn as they are read.")),
    async read(path) {
      const kept = await files.read(path);
      if (kept) return kept;
      const photo = await draw(Number(/(\d+)\.png$/.exec(path)![1]));
      const { width, height, channels, data } = path.startsWith("moved") ? moved(photo, photo.width / 28) : photo;
      const png = await sharp(data, { raw: { width, height, channels } }).png().toBuffer();
      await files.write(path, png);
      return png;
    },
  };
}

/** Moves a picture to the left and up; the last columns and rows are repeated. */
export function moved({ width, height, channels, data }: Photo, offset: number): Photo {
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const from = Math.min(height - 1, y + offset) * width;
    for (let x = 0; x < width; x++) {
      const at = (from + Math.min(width - 1, x + offset)) * channels;
      for (let c = 0; c < channels; c++) result[(y * width + x) * channels + c] = data[at + c];
    }
  }
  return { width, height, channels, data: result };
}

/** Extracts the tokens of pictures, in their order; `indices` are those of the placements. */
export async function extractTokens(
  context: ExperimentContext,
  folder: Folder,
  indices: readonly number[],
  set: FeatureSet,
): Promise<ImageTokens[]> {
  const { extraction, variant, twice, name } = set;
  context.say(`features of ${indices.length} pictures of ${folder.name}: ${name}`);
  const tokensOf = async (prefix: string) => {
    const images = indices.map((index) => `${prefix}${index}.png`);
    const features = await context.features(folder, images, extraction, variant);
    return images.map((image) => features.get(image)!);
  };
  const tokens = await tokensOf("");
  const others = twice ? await tokensOf("moved-") : undefined;
  return tokens.map((each, i) => (others ? joinScales([each, others[i]]) : each));
}
