/** What a fitted head says of a photo, whatever its task. */
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { photoVector } from "../features/index.ts";
import {
  type DepthHead,
  type DepthMap,
  type Mask,
  type NeighboursHead,
  type ObjectsHead,
  openDepth,
  openNeighbours,
  openObjects,
  openProbe,
  openPrototypes,
  openSegmentation,
  type ProbeHead,
  type PrototypesHead,
  type SegmentationHead,
  type ToldObjects,
} from "../heads/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import type { TaskHead } from "./fit.ts";

/** By task: a score for each class (probabilities unless the head is ridge's), a class or metres for each pixel, objects. */
export type Told =
  | { readonly task: "classes"; readonly scores: Float32Array; readonly probable: boolean }
  | { readonly task: "masks"; readonly mask: Mask }
  | { readonly task: "depth"; readonly depth: DepthMap }
  | { readonly task: "boxes"; readonly objects: ToldObjects };

export interface OpenedTask {
  /** @throws S2Error "rows" for features of another model or other scales. */
  tell(tokens: PhotoTokens): Promise<Told>;
  close(): Promise<void>;
}

/** Opens a head that `fitTask` made. @throws S2Error "head" for one that is of no task or damaged. */
export async function openTask(head: TaskHead, openGraph: OpenGraph): Promise<OpenedTask> {
  if (head.task === "masks") {
    const { predict, close } = await openSegmentation(head as TaskHead & SegmentationHead, openGraph);
    return { tell: async (tokens) => ({ task: "masks", mask: await predict(tokens) }), close };
  }
  if (head.task === "depth") {
    const { predict, close } = await openDepth(head as unknown as DepthHead, openGraph);
    return { tell: async (tokens) => ({ task: "depth", depth: await predict(tokens) }), close };
  }
  if (head.task === "boxes") {
    const { predict, close } = await openObjects(head as TaskHead & ObjectsHead, openGraph);
    return { tell: async (tokens) => ({ task: "boxes", objects: await predict(tokens) }), close };
  }
  const pooling = head.pooling;
  if (head.task !== "classes" || !pooling)
    throw new S2Error(
      "head",
      `The head is of kind "${head.kind}" and names no task; expected one that "s2 fit" or fitTask made.`,
    );
  const { predict, close } = await openClasses(head, openGraph);
  const probable = (head as unknown as ProbeHead).gives !== "scores";
  return { tell: async (tokens) => ({ task: "classes", scores: await predict(photoVector(tokens, pooling)), probable }), close };
}

function openClasses(head: TaskHead, openGraph: OpenGraph) {
  if (head.kind === "neighbours") return openNeighbours(head as TaskHead & NeighboursHead, openGraph);
  if (head.kind === "prototypes") return openPrototypes(head as TaskHead & PrototypesHead, openGraph);
  return openProbe(head as unknown as ProbeHead, openGraph);
}
