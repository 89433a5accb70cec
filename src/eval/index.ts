/** Data sets, metrics, comparisons and the paper's experiments. */
export { type Collected, type Collection, collectFeatures, type Look, storedName } from "./collect.ts";
export { type Indexed, indexPhotos, labelOf } from "./index-photos.ts";
export { type Cell, figure, type Interval, type Plot, page, type Result, type Table } from "./result.ts";
export {
  type Fingerprint,
  type Found,
  findFeatures,
  hash,
  keepFeatures,
  planMark,
  type Store,
} from "./store.ts";
export { mergeScales, type Pooling, photoVector, takeScales } from "./token-maps.ts";
