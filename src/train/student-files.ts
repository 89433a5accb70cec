/** Files of a trained student: config.json and model.safetensors under timm's names, so that `buildModel` reads them. */
import { S2Error } from "../core/index.ts";
import { fromFloat16, readSafetensors, type StoredTensor, toFloat16, writeSafetensors } from "../tensors/index.ts";
import type { Fitted } from "./fit.ts";
import type { VitShape } from "./vit.ts";

/** Normalization of the pixels. */
export interface StudentPixels {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Returns the averaged weights in float16 (those of the last step where no average was kept), without the maps to the teacher.
 * @param state of the result of `fit`.
 */
export function studentFiles(
  state: Fitted["state"],
  shape: VitShape,
  { mean, std }: StudentPixels,
): { config: object; weights: Uint8Array } {
  const prefix = "average/cls_token" in state ? "average/" : "";
  const isStudent = (name: string) => /^(patch_embed|blocks|norm)\.|^(cls_token|pos_embed)$/.test(name);
  const tensors = Object.entries(state)
    .filter(([name]) => name.startsWith(prefix) && isStudent(name.slice(prefix.length)))
    .map(([name, { dims, data }]): [string, StoredTensor] => [
      name.slice(prefix.length),
      { dtype: "F16", dims, data: toFloat16(data as Float32Array) },
    ]);
  const { imageSize, patchSize, dim, depth, heads, mlpRatio } = shape;
  const config = {
    ...{ architecture: `vit_tiny_patch${patchSize}_${imageSize}`, num_classes: 0, num_features: dim, global_pool: "token" },
    model_args: {
      ...{ img_size: imageSize, patch_size: patchSize, embed_dim: dim, depth, num_heads: heads, mlp_ratio: mlpRatio },
      num_classes: 0,
    },
    pretrained_cfg: { input_size: [3, imageSize, imageSize], interpolation: "bicubic", crop_pct: 0.9, mean, std, num_classes: 0 },
  };
  return { config, weights: writeSafetensors(Object.fromEntries(tensors), { format: "pt", s2_vision: "student" }) };
}

/** Reads the weights of `studentFiles` by name, as first values of a student that continues from them. @throws S2Error "training", "safetensors". */
export function studentValues(weights: Uint8Array): Fitted["state"] {
  const { tensors } = readSafetensors(weights);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, dims, data }]) => {
      if (dtype === "F16") return [name, { dims, data: fromFloat16(data as Uint16Array) }];
      throw new S2Error(
        "training",
        `The student's ${name} is ${dtype}; expected F16. Give the model.safetensors of a trained student.`,
      );
    }),
  );
}
