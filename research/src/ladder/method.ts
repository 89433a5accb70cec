/** The paragraphs of the ladder's page that describe the method. */
import type { TaskData } from "../evaluate.ts";
import type { Times } from "./costs.ts";
import { type LadderModel, type LadderSet, MAX_PROJECTED, MODELS } from "./tables.ts";

/** Models, tasks and progress that the page names beside the rows. */
export interface LadderReport {
  /** Times by "MODEL, FEATURES". */
  readonly times: ReadonlyMap<string, Times>;
  readonly models: readonly LadderModel[];
  readonly tasks: readonly (readonly [LadderSet, TaskData])[];
  /** False while rows are missing. */
  readonly isDone: boolean;
}

export function methodOf({ models, tasks, isDone }: LadderReport): string[] {
  const absent = MODELS.filter(({ path }) => !models.some((model) => model.path === path)).map(({ name }) => name);
  return [
    ...(isDone ? [] : ["**Not finished: the same command resumes, and rows that are not in the tables have not run yet.**"]),
    ...(absent.length > 0 ? [`Not here: ${absent.join(", ")}.`] : []),
    `Images: ${tasks
      .map(([{ name }, { splits }]) => `${name} ${splits.train.length} / ${splits.validation.length} / ${splits.test.length}`)
      .join(", ")} (training / validation / test). ${tasks
      .flatMap(([{ name }, { splits }]) => splits.notes.map((note) => `${name}: ${note}`))
      .join(" ")}`.trim(),
    "1x, 1x+2x and 1x+2x+3x are S² as the reference does it: the image is squashed into the model's square at each scale, finer scales are cut into tiles and pooled to the grid of 1x. " +
      "On the fine grid (resizeOutputToIdx -1) the output has the tokens of the last scale. A size in pixels is one run on the whole image, squashed to that square, with the grid that it has there: a convolutional model runs on it as it is, the positions of a ViT are interpolated.",
    "The best size is the one with the best deciding figure on the validation images, the model's own size (1x) among them; the same images choose the regularization of the head. No choice is made on test images.",
    `Heads: segmentation, ridge regression of tokens to the fractions of classes; depth, ridge regression of the logarithm of depth; boxes, expected objects of each class at each token; classification, logistic regression on the mean over all tokens, and with "[CLS]" on the [CLS] token where the model has one. coco128 has COCO's supercategories as classes. Depth of osd counts pixels of objects, since the table can be memorized.`,
    `"Principal" is 1x+2x+3x projected to the channels of one scale (principal components of the training images), for models of up to ${MAX_PROJECTED} channels. A model's own width is in the tables.`,
    `Multiply-adds are those of all tiles that run; heads are not counted. Times are those of the processor, medians on decoded images of ${tasks[0][0].name}, with one thread for the model. The time without the model is that of resizing, cutting and fusing.`,
    "In the plots a line goes through 1x, 1x+2x and 1x+2x+3x; a diamond is the best size where it is not 1x, a triangle is the fine grid, a square a preset. A gain is the difference of the deciding figure on the same test images, with its sign such that positive is better.",
  ];
}
