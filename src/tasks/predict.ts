/** Predictions of a fitted head, whatever its task. */
import { S2Error } from "../core/index.ts";
import { type ImageTokens, imageVector } from "../features/index.ts";
import {
  type DepthHead,
  type DepthMap,
  type Head,
  type Mask,
  type NeighborsHead,
  type ObjectPrediction,
  type ObjectsHead,
  type OpenedHead,
  openDepth,
  openNeighbors,
  openObjects,
  openProbe,
  openPrototypes,
  openSegmentation,
  type ProbeHead,
  type PrototypesHead,
  type SegmentationHead,
} from "../heads/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import type { TaskHead } from "./fit.ts";

/**
 * A prediction by task: a score for each class (a probability if `probable`, which a ridge classifier's are not), a class for each pixel,
 * meters for each pixel, or objects.
 */
export type Prediction =
  | { readonly task: "classification"; readonly scores: Float32Array; readonly probable: boolean }
  | { readonly task: "segmentation"; readonly mask: Mask }
  | { readonly task: "depth"; readonly depth: DepthMap }
  | { readonly task: "counting"; readonly objects: ObjectPrediction };

/** An opened head. */
export interface Predictor {
  /** Predicts from an image's features. @throws S2Error "rows" for features of another model or other scales. */
  predict(tokens: ImageTokens): Promise<Prediction>;
  /** Frees the head's graph. */
  close(): Promise<void>;
}

/** Opens a head that `fitTask` made. @throws S2Error "head" for one that has no task or is damaged. */
export async function openPredictor(head: TaskHead, openGraph: OpenGraph): Promise<Predictor> {
  const { task, pooling } = head;
  const fitted: Head = head;
  const as = <Out>({ predict, close }: OpenedHead<ImageTokens, Out>, name: (out: Out) => Prediction): Predictor => ({
    predict: async (tokens) => name(await predict(tokens)),
    close,
  });
  if (task === "segmentation")
    return as(await openSegmentation(fitted as SegmentationHead, openGraph), (mask) => ({ task, mask }));
  if (task === "depth") return as(await openDepth(fitted as DepthHead, openGraph), (depth) => ({ task, depth }));
  if (task === "counting") return as(await openObjects(fitted as ObjectsHead, openGraph), (objects) => ({ task, objects }));
  if (task !== "classification" || !pooling)
    throw new S2Error(
      "head",
      `The head of kind "${head.kind}" names ${task === undefined ? "no task" : `the task "${task}"`}; ` +
        'expected classification, segmentation, depth or counting. Fit it again with "s2 fit" or fitTask.',
    );
  const { predict, close } = await openClassifier(head, openGraph);
  const probable = (fitted as ProbeHead).gives !== "scores";
  return { predict: async (tokens) => ({ task, scores: await predict(imageVector(tokens, pooling)), probable }), close };
}

function openClassifier(head: Head, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  if (head.kind === "neighbors") return openNeighbors(head as NeighborsHead, openGraph);
  if (head.kind === "prototypes") return openPrototypes(head as PrototypesHead, openGraph);
  return openProbe(head as ProbeHead, openGraph);
}
