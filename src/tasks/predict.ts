/** Predictions of a fitted head, whatever its task. */
import { S2Error } from "../core/index.ts";
import { type ImageTokens, imageVector } from "../features/index.ts";
import {
  type DepthHead,
  type DepthMap,
  type Mask,
  type NeighborsHead,
  type ObjectPrediction,
  type ObjectsHead,
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
  if (head.task === "segmentation") {
    const { predict, close } = await openSegmentation(head as TaskHead & SegmentationHead, openGraph);
    return { predict: async (tokens) => ({ task: "segmentation", mask: await predict(tokens) }), close };
  }
  if (head.task === "depth") {
    const { predict, close } = await openDepth(head as unknown as DepthHead, openGraph);
    return { predict: async (tokens) => ({ task: "depth", depth: await predict(tokens) }), close };
  }
  if (head.task === "counting") {
    const { predict, close } = await openObjects(head as TaskHead & ObjectsHead, openGraph);
    return { predict: async (tokens) => ({ task: "counting", objects: await predict(tokens) }), close };
  }
  const { pooling } = head;
  if (head.task !== "classification" || !pooling)
    throw new S2Error(
      "head",
      `The head of kind "${head.kind}" names ${head.task === undefined ? "no task" : `the task "${head.task}"`}; ` +
        'expected classification, segmentation, depth or counting. Fit it again with "s2 fit" or fitTask.',
    );
  const { predict, close } = await openClassifier(head, openGraph);
  const probable = (head as unknown as ProbeHead).gives !== "scores";
  return {
    predict: async (tokens) => ({ task: "classification", scores: await predict(imageVector(tokens, pooling)), probable }),
    close,
  };
}

function openClassifier(head: TaskHead, openGraph: OpenGraph) {
  if (head.kind === "neighbors") return openNeighbors(head as TaskHead & NeighborsHead, openGraph);
  if (head.kind === "prototypes") return openPrototypes(head as TaskHead & PrototypesHead, openGraph);
  return openProbe(head as unknown as ProbeHead, openGraph);
}
