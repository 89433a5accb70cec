/** S²: plan, resize, split, run, merge. No dependency; runs wherever ECMAScript runs. */
export { mergeChessboard, splitChessboard } from "./chessboard.ts";
export type { S2ErrorCode } from "./codes.ts";
export { chooseGrid, planDynamicS2 } from "./dynamic.ts";
export { badOption, nearest, oneOf, px, S2Error, type S2ErrorDetails } from "./error.ts";
export { argmax, checkFinite, firstNotFinite } from "./finite.ts";
export { formatTable } from "./format-table.ts";
export { type Fused, withGrid } from "./fuse.ts";
export { possibleGrids } from "./layout.ts";
export { type Matrix, type ScaleMatrices, scaleMatrices } from "./matrices.ts";
export { checkNames, dynamicNames, s2OptionNames } from "./options.ts";
export { readShape } from "./output.ts";
export { planS2 } from "./plan.ts";
export { resize } from "./resize.ts";
export { type CutTile, type Hooks, runPlan, type Source } from "./run.ts";
export { isPlan, s2 } from "./s2.ts";
export type { ResizeMode } from "./taps.ts";
export { planTower, type Tower } from "./tower.ts";
export { commonPrefixes } from "./traits.ts";
export type {
  Box,
  DeviceFeatures,
  DynamicS2Options,
  PlanWarning,
  S2Options,
  S2Plan,
  ScalePlan,
  SourceImages,
  SplitMode,
  Tensor,
  Traits,
  VisionModel,
} from "./types.ts";
