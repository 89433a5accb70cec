/** Rows of Table 2: each larger model's stages reconstructed from the same stages of each small one, with S² and with its controls. */
import type { ImageTokens } from "s2-vision/heads";
import { type ExperimentContext, native } from "../context.ts";
import type { ImageFeatures } from "../evaluate.ts";
import { memoized } from "../memoized.ts";
import { asScales, smallExtractions } from "./output-features.ts";
import type { OpenedFamily, OpenedModel } from "./pairs.ts";
import { type Extraction, extractReduced, type Photo, sampleCells, sampleChannels, seedOf } from "./photos.ts";
import { type Reconstruction, reconstruct } from "./reconstruct.ts";
import { SEED, systemNames, systemsOf } from "./systems.ts";

/** Tokens of each photo, drawn at random from its grid. */
export const CELLS = 48;
/** Channels of a larger model that are reconstructed, drawn at random where it has more: a map of all takes hours. */
export const TARGET_CHANNELS = 128;

export interface ReconstructionRow extends Reconstruction {
  readonly family: string;
  /** The model whose features are reconstructed. */
  readonly target: string;
  /** The model whose features are mapped; a larger one where its information is what the ratio is to. */
  readonly from: string;
  readonly stage: string;
  /** Name of the system; "1x" for the largest model. */
  readonly features: string;
}

/** A row that is to be made, of the features of a small model or of the largest. */
interface Wanted {
  readonly target: OpenedModel;
  readonly from: OpenedModel;
  readonly features: string;
}

/** Fits the rows that are not kept; `onStage` gets all rows after each stage. */
export async function reconstructionRows(
  context: ExperimentContext,
  families: readonly OpenedFamily[],
  photos: readonly Photo[],
  onStage: (rows: readonly ReconstructionRow[]) => Promise<void>,
): Promise<ReconstructionRow[]> {
  const rows: ReconstructionRow[] = [];
  for (const family of families) {
    const stages = Math.min(...[...family.small, ...family.large].map((model) => model.stages.length));
    // From the output backwards, since the output is what the paper reconstructs.
    for (let back = 1; back <= stages; back++) {
      rows.push(...(await stageRows(context, family, back, photos)));
      await onStage(rows);
    }
  }
  return rows;
}

async function stageRows(
  context: ExperimentContext,
  family: OpenedFamily,
  back: number,
  photos: readonly Photo[],
): Promise<ReconstructionRow[]> {
  const extracted = memoized(() => extractStage(context, family, back, photos));
  const train = photos.flatMap(({ key, split }) => (split === "train" ? [key] : []));
  const rows: ReconstructionRow[] = [];
  for (const { target, from, features } of wantedRows(family, back)) {
    const stage = target.stages.at(-back)!.name;
    const hashes = [target, from].map(({ path, sha256 }) => `${path} ${sha256.slice(0, 8)}`);
    const kept = await context.kept(`${hashes.join(" from ")} ${stage} ${features}`, async () => {
      const { small, large } = await extracted();
      context.say(`${target.name}, ${stage}, from ${from.name}, ${features}`);
      const systems = small.get(from.path);
      const made = systems
        ? await systemsOf(context, { ...systems, train })
            .find(({ name }) => name === features)!
            .make()
        : large.get(from.path)!;
      return reconstruct(context, photos, made, sampleChannels(large.get(target.path)!, TARGET_CHANNELS, SEED));
    });
    rows.push({ ...kept, family: family.name, target: target.name, from: from.name, stage, features });
  }
  return rows;
}

/** Lists the rows of a stage: each system of each small model for each target, and the largest model for each other target. */
function wantedRows({ small, large }: OpenedFamily, back: number): Wanted[] {
  const largest = large.at(-1)!;
  return large.flatMap((target) => [
    ...small.flatMap((from) =>
      systemNames(from.stages.at(-back)!.model.traits.channels!).map((features) => ({ target, from, features })),
    ),
    ...(target === largest ? [] : [{ target, from: largest, features: "1x" }]),
  ]);
}

/** Extracts one stage of all models of a family, some tokens of each photo. */
async function extractStage(
  context: ExperimentContext,
  { name, small, large }: OpenedFamily,
  back: number,
  photos: readonly Photo[],
) {
  context.say(`${name}, ${large[0].stages.at(-back)!.name}: tokens of ${photos.length} images`);
  const extractions: Extraction[] = [
    ...small.flatMap(({ stages }) => smallExtractions(stages.at(-back)!)),
    ...large.map(({ stages }) => ({ model: stages.at(-back)!.model, config: native(1) })),
  ];
  const views = (extraction: number) => extraction < 2 * small.length && extraction % 2 === 1;
  const reduce = (tokens: ImageTokens, { key }: Photo, extraction: number) =>
    sampleCells(views(extraction) ? asScales(tokens) : tokens, CELLS, seedOf(`${SEED} ${key}`));
  const features = await extractReduced(context, photos, extractions, reduce);
  return {
    small: new Map(small.map(({ path }, i) => [path, { scales: features[2 * i], views: features[2 * i + 1] }])),
    large: new Map<string, ImageFeatures>(large.map(({ path }, i) => [path, features[2 * small.length + i]])),
  };
}
