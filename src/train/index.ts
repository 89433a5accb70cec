/** Gradients as graphs, optimizers, the fit loop. */

export { makeRandom, type Random, shuffled, truncatedNormal } from "../tensors/index.ts";
export { type BatchOptions, shardBatches } from "./batches.ts";
export { type DistillStepOptions, distillStep } from "./distill-step.ts";
export { type Batch, type Checkpoints, type Fitted, fit, type Metrics, type TrainOptions } from "./fit.ts";
export { type FreshOptions, freshBatches } from "./fresh.ts";
export { gradients } from "./gradients.ts";
export { initialValue, mimeticValue } from "./initial.ts";
export { type MuonOptions, muon } from "./muon.ts";
export { type AdamWOptions, adamW, clipped, type Optimizer, type StepNumbers, sgd } from "./optimizers.ts";
export { cosine } from "./schedule.ts";
export { type LayerStatistics, makeShards, type ShardOptions, type TilesPerView, teacherStatistics } from "./shards.ts";
export { makeStep, type Step, type StepOptions } from "./step.ts";
export { type StudentPixels, studentFiles, studentValues } from "./student-files.ts";
export { drawView, type View, type ViewOptions } from "./views.ts";
export { attend, linear, norm, type Parameter, type VitShape, vit } from "./vit.ts";
