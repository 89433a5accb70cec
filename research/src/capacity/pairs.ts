/** The pairs of a small model and a larger one that capacity is compared on, by the families of the ladder. */
import type { ExperimentContext } from "../context.ts";
import { type LadderModel, MODELS } from "../ladder/tables.ts";
import type { ModelStages } from "../model-stages.ts";

const [QUARTER, HALF, THREE_QUARTERS, FULL, STUDENT, TEACHER] = MODELS;

/** Models whose stages are alike: small ones at several scales, and the larger ones, the largest last. */
export interface Family {
  readonly name: string;
  readonly small: readonly LadderModel[];
  readonly large: readonly LadderModel[];
}

export const FAMILIES: readonly Family[] = [
  { name: "MobileNetV1", small: [QUARTER, HALF], large: [THREE_QUARTERS, FULL] },
  { name: "ViT", small: [STUDENT], large: [TEACHER] },
];

/** A model of the ladder with its opened stages. */
export type OpenedModel = LadderModel & ModelStages;

export interface OpenedFamily {
  readonly name: string;
  readonly small: readonly OpenedModel[];
  readonly large: readonly OpenedModel[];
}

/** Opens the families of which a small and a larger model are there. */
export async function openFamilies(context: ExperimentContext): Promise<OpenedFamily[]> {
  const open = async (models: readonly LadderModel[]) => {
    const opened: OpenedModel[] = [];
    for (const model of models) {
      const stages = await context.openStages(model.path);
      if (stages) opened.push({ ...stages, ...model });
    }
    return opened;
  };
  const families: OpenedFamily[] = [];
  for (const { name, small, large } of FAMILIES) families.push({ name, small: await open(small), large: await open(large) });
  return families.filter(({ small, large }) => small.length > 0 && large.length > 0);
}

/** Lists each small model with each larger one. */
export const pairsOf = ({ small, large }: OpenedFamily): (readonly [OpenedModel, OpenedModel])[] =>
  small.flatMap((each) => large.map((larger) => [each, larger] as const));
