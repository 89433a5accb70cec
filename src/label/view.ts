/** The interface between the page and the session, as JSON: the state that is shown, and the actions. */
import { array, type InferOutput, integer, literal, maxValue, minValue, number, object, pipe, string, variant } from "valibot";

const index = pipe(number(), integer(), minValue(0));
const fraction = pipe(number(), minValue(0), maxValue(1));

/** Actions of the page; images and labels are indexes, `x` and `y` fractions of the upright image. */
export const actionSchema = variant("do", [
  object({ do: literal("show"), image: index }),
  object({ do: literal("skip"), image: index }),
  object({ do: literal("label"), image: index, label: index }),
  object({ do: literal("click"), image: index, label: index, x: fraction, y: fraction }),
  object({ do: literal("accept"), image: index }),
  object({ do: literal("undo") }),
  object({ do: literal("class"), name: string() }),
]);

/** An action of the page. */
export type LabelAction = InferOutput<typeof actionSchema>;

const point = object({ x: number(), y: number(), label: index });

/** The file beside the list: the names of the classes in their order and the clicks, so that labeling goes on where it ended. */
export const stateSchema = object({
  s2_vision: string(),
  classes: array(string()),
  clicks: array(object({ path: string(), clicks: array(point) })),
});

/** The image that is shown, with its label and its suggestion. */
export interface ImageView {
  readonly image: number;
  readonly path: string;
  /** True once its features are there. */
  readonly ready: boolean;
  /** True for an image whose class or mask is saved. */
  readonly labeled: boolean;
  /** Its class. */
  readonly label?: number;
  /** The probability of each class, where there is a suggestion. */
  readonly scores?: readonly number[];
  /** Clicks in fractions of the image. */
  readonly clicks?: readonly { readonly x: number; readonly y: number; readonly label: number }[];
  /** Changes with the mask; absent where there is none yet. */
  readonly mask?: number;
}

/** The state of the labeling. */
export interface LabelView {
  readonly task: "classification" | "segmentation";
  readonly folder: string;
  readonly list: string;
  /** The command that fits a head to the list. */
  readonly command: string;
  readonly classes: readonly { readonly name: string; readonly color: string; readonly count: number }[];
  readonly images: number;
  readonly labeled: number;
  /** Images whose features are there, or that failed. */
  readonly extracted: number;
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  /** Why the extraction ended early. */
  readonly issue?: string;
  /** Undefined when all images are labeled. */
  readonly shown?: ImageView;
  /** The images that were labeled last, the last one first. */
  readonly recent: readonly { readonly image: number; readonly path: string; readonly label: string }[];
  readonly canUndo: boolean;
}
