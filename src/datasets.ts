/** "s2-vision/datasets": data sets in the layouts that people have. */
export {
  countItems,
  type DataSet,
  type DataSetImage,
  type DataSetOptions,
  type Folder,
  groupClasses,
  type ItemOf,
  openDataSet,
  splitOff,
  type Task,
} from "./datasets/index.ts";
