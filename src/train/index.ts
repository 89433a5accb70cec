/** Gradients as graphs, optimizers, the training loop, distillation. */
export { makeRandom, type Random, shuffled } from "../tensors/index.ts";
export { shardBatches } from "./batches.ts";
export { distillStep } from "./distill-step.ts";
export { type DistillOptions, type DistillProgress, distillStudent } from "./distill-student.ts";
export { type Batch, type Checkpoints, type Fitted, fit, type TrainOptions } from "./fit.ts";
export { type FreshOptions, freshBatches } from "./fresh.ts";
export { gradients } from "./gradients.ts";
export { initialValue, mimeticValue } from "./initial.ts";
export { muon } from "./muon.ts";
export { adamW, clipped, cosine, type Optimizer, sgd } from "./optimizers.ts";
export { makeShards, type ShardOptions, teacherStatistics } from "./shards.ts";
export { makeStep, type Step, type StepOptions } from "./step.ts";
export { studentFiles, studentValues } from "./student-files.ts";
export { attend, linear, norm, type Parameter, type VitShape, vit } from "./vit.ts";
