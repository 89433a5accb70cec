/** Data sets in the layouts that people have: readers, splits, class groups. */
export {
  type ClassificationItem,
  type CountingItem,
  countItems,
  type DataSet,
  type DataSetImage,
  type DataSetIssue,
  type DepthItem,
  type ItemOf,
  type LabeledBox,
  type SegmentationItem,
  type Task,
} from "./data-set.ts";
export type { Folder } from "./folder.ts";
export { groupClasses } from "./group-classes.ts";
export type { DataSetOptions } from "./listing.ts";
export { openDataSet } from "./open-data-set.ts";
export { decodePngValues, type PngValues, type Raster } from "./png-values.ts";
export { type SplitOffOptions, splitOff } from "./split-off.ts";
