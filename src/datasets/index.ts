/** Data sets in the layouts that people have: readers, splits, groups of classes. */
export {
  type ClassificationItem,
  type CountingItem,
  countItems,
  type DataSet,
  type DataSetImage,
  type DepthItem,
  type ItemOf,
  type LabeledBox,
  type Raster,
  type SegmentationItem,
  type Task,
} from "./data-set.ts";
export type { DataSetIssue, Folder } from "./files.ts";
export { groupClasses } from "./group-classes.ts";
export type { DataSetOptions } from "./listing.ts";
export { openDataSet } from "./open-data-set.ts";
export { decodePngValues, type PngValues } from "./png-values.ts";
export { type SplitOffOptions, splitOff } from "./split-off.ts";
export { type MaskFile, newCocoMasks } from "./write-coco-masks.ts";
export { newGeoJson } from "./write-geojson.ts";
