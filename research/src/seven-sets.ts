/** The seven data sets that defaults and models are evaluated on, with the figure of each. */
import { groupClasses } from "s2-vision/datasets";
import type { TaskOptions } from "s2-vision/tasks";
import type { ExperimentContext } from "./context.ts";
import { openTaskSet, type TaskData } from "./evaluate.ts";

export interface EvaluationSet {
  readonly task: TaskData;
  /** The main figure first. */
  readonly figures: readonly string[];
  /** Heads to fit; `title` follows the set's name. */
  readonly heads: readonly { readonly title: string; readonly options: Omit<TaskOptions, "openGraph"> }[];
}

const ONE_HEAD = [{ title: "", options: {} }];

export const sevenSets: readonly string[] = ["camvid", "coco128", "depth/osd", "pcb", "bccd", "clothing", "grocery"];

/** Opens one of the sets. */
export async function openEvaluationSet(context: ExperimentContext, name: string): Promise<EvaluationSet> {
  switch (name) {
    case "camvid":
      return { task: await openTaskSet(context, name, { task: "segmentation" }), figures: ["mIoU"], heads: ridge };
    case "coco128": {
      const groups = await supercategories(context);
      const change = (set: Parameters<typeof groupClasses>[0]) => groupClasses(set, (_, id) => groups.get(id!));
      return {
        task: (await openTaskSet(context, name, { task: "segmentation", change: change as never })) as TaskData,
        figures: ["mIoU"],
        heads: ridge,
      };
    }
    case "depth/osd":
      return {
        task: (await openTaskSet(context, name, { task: "depth", metersPerUnit: 0.001 })) as TaskData,
        figures: ["AbsRel"],
        heads: ONE_HEAD,
      };
    case "pcb":
    case "bccd":
      return {
        task: await openTaskSet(context, name, { task: "counting" }),
        figures: ["presence mAP", "count MAE"],
        heads: ONE_HEAD,
      };
    default:
      return {
        task: await openTaskSet(context, name, { task: "classification" }),
        figures: ["top-1"],
        heads: [{ title: "", options: { head: "ridge", pooling: "mean" } }],
      };
  }
}

const ridge = [{ title: "", options: { head: "ridge" } }] as const;

/** Maps the ids of COCO's masks to supercategories, by the list beside them. */
async function supercategories(context: ExperimentContext): Promise<ReadonlyMap<number, string>> {
  const text = new TextDecoder().decode(await context.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { id: number; supercategory: string }[];
  return new Map(categories.map(({ id, supercategory }) => [id, supercategory]));
}
