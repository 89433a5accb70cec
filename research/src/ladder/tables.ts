/** The models, data sets and extraction configs that the ladder compares, in the order in which they run. */
import { type DataSet, groupClasses, type Task } from "s2-vision/datasets";
import type { ExtractionConfig } from "s2-vision/tasks";
import type { ExperimentContext } from "../context.ts";
import { type EvaluateOptions, openTaskSet, type TaskData } from "../evaluate.ts";

export interface LadderModel {
  /** Path below a folder of models. */
  readonly path: string;
  readonly name: string;
}

/** Models in order of size; `STAGES` is the order in which they run. */
export const MODELS = [
  { path: "mobilenet_v1/x0.25", name: "MobileNet x0.25" },
  { path: "mobilenet_v1/x0.50", name: "MobileNet x0.50" },
  { path: "mobilenet_v1/x0.75", name: "MobileNet x0.75" },
  { path: "mobilenet_v1/x1.00", name: "MobileNet x1.00" },
  { path: "s2-tiny", name: "s2-tiny" },
  { path: "deit_tiny_patch16_224", name: "DeiT-Tiny" },
] as const satisfies readonly LadderModel[];

const [QUARTER, HALF, THREE_QUARTERS, FULL, STUDENT, TEACHER] = MODELS;

/** Models that run on all data sets before the next ones start: the ends of the ladder first. */
export const STAGES: readonly (readonly LadderModel[])[] = [
  [QUARTER, FULL],
  [HALF, THREE_QUARTERS],
  [STUDENT, TEACHER],
];

/** An extraction config beside one scale, S² and other image sizes. */
export interface LadderPreset {
  readonly name: string;
  readonly config: ExtractionConfig;
  /** Left out for classification, where the mean over tokens does not depend on the grid. */
  readonly isDense: boolean;
}

/** "dense" and the default layout of `extract` at three scales. */
export const PRESETS: readonly LadderPreset[] = [
  { name: "dense", config: { preset: "dense" }, isDense: true },
  { name: "whole", config: { scales: [1, 2, 3] }, isDense: false },
];

/** Presets run for models of up to this many channels: tokens of three scales on a fine grid fill the memory of wider ones' heads. */
export const MAX_PRESET_CHANNELS = 512;

/** Sides of the whole image as multiples of the model's: 160, 320, 448 and 672 px at 224. */
export const OTHER_SIZES = [5 / 7, 10 / 7, 2, 3];

/** S² of models up to this many channels is also projected to the channels of one scale. */
export const MAX_PROJECTED = 256;

export interface LadderSet {
  readonly path: string;
  readonly name: string;
  readonly task: Task;
  /** The figures of the tables; the first decides. */
  readonly figures: readonly string[];
  readonly options: EvaluateOptions;
  readonly open: (context: ExperimentContext) => Promise<TaskData>;
}

const MASKS = { task: "segmentation", figures: ["mIoU", "aAcc"], options: { head: "ridge" } } as const;
const CLASSES = { task: "classification", figures: ["top-1", "mean per class"], options: { head: "logistic" } } as const;

/** osd labels the background 0, the table 1, and objects from here on. */
const FIRST_OBJECT = 20;

export const SETS: readonly LadderSet[] = [
  { ...MASKS, path: "camvid", name: "camvid", open: (context) => openTaskSet(context, "camvid", { task: "segmentation" }) },
  { ...MASKS, path: "coco128", name: "coco128", open: openSupercategories },
  {
    ...{ path: "depth/osd", name: "osd", task: "depth", figures: ["AbsRel of objects", "AbsRel"] },
    options: { objectsFrom: FIRST_OBJECT },
    open: (context) => openTaskSet(context, "depth/osd", { task: "depth", metersPerUnit: 0.001 }),
  },
  {
    ...{ path: "pcb", name: "pcb", task: "counting", figures: ["presence mAP", "count MAE"], options: {} },
    open: (context) => openTaskSet(context, "pcb", { task: "counting" }),
  },
  {
    ...{ path: "bccd", name: "bccd", task: "counting", figures: ["count MAE", "presence mAP"], options: {} },
    open: (context) => openTaskSet(context, "bccd", { task: "counting" }),
  },
  {
    ...CLASSES,
    path: "clothing",
    name: "clothing",
    open: (context) => openTaskSet(context, "clothing", { task: "classification" }),
  },
  {
    ...CLASSES,
    path: "grocery",
    name: "grocery",
    open: (context) => openTaskSet(context, "grocery", { task: "classification" }),
  },
];

/** Opens coco128 with COCO's supercategories as classes, since it has too few images for 133 classes. */
async function openSupercategories(context: ExperimentContext): Promise<TaskData> {
  const text = new TextDecoder().decode(await context.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { id: number; supercategory: string }[];
  const groups = new Map(categories.map(({ id, supercategory }) => [id, supercategory]));
  const change = (set: DataSet<"segmentation">) => groupClasses(set, (_, id) => groups.get(id));
  return openTaskSet(context, "coco128", { task: "segmentation", change });
}
