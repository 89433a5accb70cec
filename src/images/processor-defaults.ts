/** The values that transformers' image processors use where their file leaves a field out: the class attributes of transformers 5.18. */
import type { Filter } from "./pixels.ts";

/** A mean and a standard deviation, for R, G and B. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export const imagenetNormalization: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** OpenAI's CLIP, and OpenCLIP where its config names none. */
export const clipNormalization: Normalization = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
const half: Normalization = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const classes: readonly (readonly [name: RegExp, normalization: Normalization, filter: Filter])[] = [
  [/^(Beit|Siglip|DeiT|ConvNext|DPT|EfficientNet|Vilt|VideoLlama3|PerceptionLM)$/, half, "bicubic"],
  [/^(ViT|Siglip2|MobileNetV[12]|VideoMAE|Vivit|DepthPro|Donut|Gemma3|Idefics2|Mllama|Sam3|ZoeDepth)$/, half, "bilinear"],
  [/^(Idefics3|SmolVLM)$/, half, "lanczos"],
  [
    /^(CLIP|Bit|Blip|BridgeTower|ChineseCLIP|Flava|Janus|Llava\w*|OwlViT|Pixtral|Qwen2VL|InternVL)$/,
    clipNormalization,
    "bicubic",
  ],
  [/^Owlv2$/, clipNormalization, "bilinear"],
  [/^(Levit|Perceiver|PoolFormer|Pvt|SegGpt)$/, imagenetNormalization, "bicubic"],
  [/^(DINOv3ViT|VJEPA2|Timesformer|Segformer|Sam2?|Detr|RfDetr|Yolos|Eomt|Mask2?Former)$/, imagenetNormalization, "bilinear"],
];

/**
 * Finds the defaults of a processor by its class: `SiglipImageProcessor`, `CLIPFeatureExtractor` (the name until transformers 4.26),
 * `ViTImageProcessorFast`, `VJEPA2VideoProcessor`.
 */
export function processorDefaults(name: unknown): (Normalization & { readonly filter: Filter }) | undefined {
  const stem = /^(\w+?)(ImageProcessor|FeatureExtractor|VideoProcessor)(Fast|Pil)?$/.exec(String(name))?.[1];
  const found = stem && classes.find(([pattern]) => pattern.test(stem));
  return found ? { ...found[1], filter: found[2] } : undefined;
}
