/** The rows of a model on a data set: which features each evaluates, and which rows share an extraction. */
import type { Model } from "s2-vision/node";
import type { ExtractionConfig } from "s2-vision/tasks";
import { type ExperimentContext, finest, native, scaleName } from "../context.ts";
import { firstScales, type ImageFeatures, onModelGrid, type TaskData } from "../evaluate.ts";
import { fitProjection, projectFeatures } from "../project.ts";
import { MAX_PRESET_CHANNELS, MAX_PROJECTED, OTHER_SIZES, PRESETS } from "./tables.ts";

/** Seed of the projection. */
export const SEED = 1;

/** The whole S² of the reference's default scales. */
export const ALL_SCALES = scaleName(3);
export const FINE_GRID = `${ALL_SCALES}, fine grid`;
export const PROJECTED = `${ALL_SCALES}, principal`;

/** "scales": S² by the reference, 1x among them; "fine": its finest grid; "size": the whole image at another size; "control": projected S². */
export type RowKind = "scales" | "fine" | "size" | "control" | "preset";

export interface Row {
  readonly name: string;
  readonly kind: RowKind;
  /** Options of `extract` for this row alone, by which its cost is measured. */
  readonly config: ExtractionConfig;
  /** Makes the row's features from those of the shared extraction; default: as they are. */
  readonly derive?: (
    features: ImageFeatures,
    task: TaskData,
    context: ExperimentContext,
  ) => ImageFeatures | Promise<ImageFeatures>;
}

/** One extraction with the rows that follow from it. */
export interface Source {
  readonly config: ExtractionConfig;
  /** Side of the images of a model with interpolated positions; default: the model's. */
  readonly imageSize?: number;
  readonly rows: readonly Row[];
}

/** Lists the extractions of a model for a task; `sizes` are the other sides at which the whole image is run. */
export function sourcesOf({ traits }: Model, task: TaskData["set"]["task"], sizes: readonly number[]): Source[] {
  const isDense = task !== "classification"; // the mean over tokens does not depend on the grid
  const { dynamicSize, channels = Number.POSITIVE_INFINITY } = traits;
  const presets = channels > MAX_PRESET_CHANNELS ? [] : PRESETS.filter((preset) => isDense || !preset.isDense);
  return [
    isDense ? fromFineGrid(channels) : fromModelGrid(channels),
    ...sizes.map((size): Source => {
      const config = dynamicSize ? { ...native(1), maxSplitSize: size } : native(1);
      return { config, ...(!dynamicSize && { imageSize: size }), rows: [{ name: `${size} px`, kind: "size", config }] };
    }),
    ...presets.map(({ name, config }): Source => ({ config, rows: [{ name, kind: "preset", config }] })),
  ];
}

/** Sides of other sizes, in whole tokens. */
export function otherSizes({ traits: { imageSize, patchSize = 1 } }: Model): number[] {
  return OTHER_SIZES.map((times) => Math.round(((imageSize?.[0] ?? 224) * times) / patchSize) * patchSize);
}

const COUNTS = [1, 2, 3];
const scalesUpTo = (count: number): number[] => COUNTS.slice(0, count);

function fromModelGrid(channels: number): Source {
  const rows = COUNTS.map(
    (count): Row => ({
      ...{ name: scaleName(count), kind: "scales" },
      config: native(...scalesUpTo(count)),
      derive: (features) => firstScales(features, count),
    }),
  );
  return { config: native(...COUNTS), rows: [...rows, ...projectedRow(channels, (features) => features)] };
}

/** Features on the finest grid are pooled to those on the model's grid, so that the model runs once. */
function fromFineGrid(channels: number): Source {
  const pooled = (features: ImageFeatures) => onModelGrid(features, COUNTS.length);
  const { rows } = fromModelGrid(channels);
  return {
    config: finest(...COUNTS),
    rows: [
      ...rows
        .slice(0, COUNTS.length)
        .map((row): Row => ({ ...row, derive: (features, ...rest) => row.derive!(pooled(features), ...rest) })),
      ...projectedRow(channels, pooled),
      { name: FINE_GRID, kind: "fine", config: finest(...COUNTS) },
    ],
  };
}

/** Makes the control for width: all scales in the channels of one. */
function projectedRow(width: number, onGrid: (features: ImageFeatures) => ImageFeatures): Row[] {
  if (width > MAX_PROJECTED) return [];
  const derive: Row["derive"] = async (features, { splits }, { openGraph }) => {
    const all = onGrid(features);
    const [{ channels }] = all.values();
    const batches = splits.train.flatMap(({ path }) => {
      const tokens = all.get(path);
      return tokens ? [tokens.data.subarray(tokens.prefix * channels)] : [];
    });
    return projectFeatures(all, await fitProjection("principal", batches, { channels, width, openGraph, seed: SEED }), openGraph);
  };
  return [{ name: PROJECTED, kind: "control", config: native(...COUNTS), derive }];
}
