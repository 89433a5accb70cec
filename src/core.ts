/** "s2-vision": S² itself, for any function as the model; no dependency, and nothing but what the paper's method needs. */
export type {
  Box,
  DynamicS2Options,
  ResizeMode,
  S2ErrorCode,
  S2Options,
  S2Plan,
  ScalePlan,
  Tensor,
  Traits,
  VisionModel,
} from "./core/index.ts";
export { mergeChessboard, planDynamicS2, planS2, resize, S2Error, s2, splitChessboard } from "./core/index.ts";
