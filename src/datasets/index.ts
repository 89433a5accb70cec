/** Data sets in the layouts that people have: readers, splits, class groups. */
export {
  type BoxItem,
  type ClassItem,
  countItems,
  type DataSet,
  type DepthItem,
  type ItemOf,
  type Kind,
  type LabelledBox,
  type MaskItem,
  type Photographed,
  type Problem,
} from "./data-set.ts";
export type { Folder } from "./folder.ts";
export { groupClasses } from "./group-classes.ts";
export type { DataSetOptions } from "./listing.ts";
export { openDataSet } from "./open-data-set.ts";
export { decodePngValues, type PngValues, type Raster } from "./png-values.ts";
export { type SplitOff, splitOff } from "./split-off.ts";
