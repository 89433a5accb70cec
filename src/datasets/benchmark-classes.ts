/** Classes of benchmarks whose folders hold no names: taken where the layout is theirs and no file says otherwise. */
/** Classes for masks, and what to make of the ids in the files. */
export interface BenchmarkClasses {
  readonly name: string;
  readonly classes: readonly string[];
  /** The class id of each id in the files; ids beyond it stay. */
  readonly ids?: readonly number[];
}

/** Pascal VOC 2012, development kit, 3.2: the border is 255. */
const VOC = (
  "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person " +
  "pottedplant sheep sofa train tvmonitor"
).split(" ");

/** cityscapesScripts, labels.py: the 19 classes that are evaluated, by trainId. */
const CITYSCAPES = [
  ...["road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain"],
  ...["sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"],
];
/** The trainId of each labelId from 0 to 33 there; 255 is not evaluated. */
const CITYSCAPES_TRAIN_IDS = [
  ...[255, 255, 255, 255, 255, 255, 255, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[255, 255, 16, 17, 18],
];

/** Returns the classes of the benchmark that masks at these paths are of. */
export function benchmarkClasses(masks: readonly string[]): BenchmarkClasses | undefined {
  const all = (pattern: RegExp) => masks.length > 0 && masks.every((path) => pattern.test(path));
  if (all(/(^|\/)SegmentationClass(Aug)?\//)) return { name: "Pascal VOC", classes: VOC };
  if (all(/gt(Fine|Coarse)_labelTrainIds\.png$/)) return { name: "Cityscapes", classes: CITYSCAPES };
  if (all(/gt(Fine|Coarse)_labelIds\.png$/)) return { name: "Cityscapes", classes: CITYSCAPES, ids: CITYSCAPES_TRAIN_IDS };
  return undefined;
}
