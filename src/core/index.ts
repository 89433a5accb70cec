/** S²: plan, resize, split, run, merge. No dependency; runs wherever ECMAScript runs. */
export { S2Error } from "./error.ts";
export type { Box, DynamicS2Options, S2Options, S2Plan, ScalePlan, Tensor, Traits, VisionModel } from "./types.ts";
