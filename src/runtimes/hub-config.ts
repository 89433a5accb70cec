/** The geometry of a vision model from a hub's config files. Platform-free: transformers.js's configs are read with it too. */

export type JsonObject = { readonly [key: string]: unknown };
export type Size = readonly [height: number, width: number];

/** Hints from config files; the graph's own dimensions decide. */
export interface ConfigHints {
  readonly family?: string;
  readonly imageSize?: Size;
  readonly patchSize?: number;
  /** Numbers of tokens that this family puts before its grid; several where exports differ, the likeliest first. */
  readonly prefixTokens?: readonly number[];
}

/** Reads config.json (transformers' or timm's) and preprocessor_config.json; of a model of images and texts its vision part. */
export function readHints(config: JsonObject = {}, preprocessor: JsonObject = {}): ConfigHints {
  const vision = objectOf(config.vision_config) ?? config;
  const timm = objectOf(config.pretrained_cfg);
  const family = textOf(vision.model_type) ?? textOf(config.model_type) ?? textOf(config.architecture);
  const crop = preprocessor.do_center_crop === false ? undefined : sizeOf(preprocessor.crop_size);
  const openClip = objectOf(preprocessor.preprocess_cfg) ?? objectOf(objectOf(preprocessor.model_cfg)?.vision_cfg);
  return {
    family,
    imageSize:
      sizeOf(vision.image_size) ??
      sizeOf(timm?.input_size) ??
      crop ??
      sizeOf(preprocessor.size) ??
      sizeOf(openClip?.size ?? openClip?.image_size),
    patchSize: patchOf(vision, family),
    prefixTokens: prefixOf(vision, family),
  };
}

function patchOf(config: JsonObject, family = ""): number | undefined {
  const patch = sizeOf(config.patch_size);
  if (!patch) {
    const named = /patch(\d+)/.exec(family); // timm: vit_base_patch16_224
    return named ? Number(named[1]) : undefined;
  }
  // Swin halves its grid after every stage but the last.
  const stages = /^(donut-)?swin/.test(family) && Array.isArray(config.depths) ? config.depths.length : 1;
  return patch[0] === patch[1] ? patch[0] * 2 ** (stages - 1) : undefined;
}

/**
 * Reads the prefix tokens as transformers' modeling files define them: ViT and its relatives put one [CLS] first; its DeiT is the
 * distilled one and has two, though undistilled weights are also exported under that name; DINOv2-with-registers and DINOv3 give the
 * number of registers that follow; SigLIP and Swin have none.
 */
function prefixOf(config: JsonObject, family = ""): readonly number[] | undefined {
  if (/^(siglip2?(_vision_model)?|ijepa|(donut-)?swin(v2)?|pvt(_v2)?|segformer)$/.test(family)) return [0];
  if (family === "deit") return [2, 1];
  if (
    !/^(vit(_mae|_msn|_hybrid)?|(meta)?clip(_2)?(_vision_model)?|chinese_clip(_vision_model)?|beit|data2vec-vision|dinov2(_with_registers)?|dinov3_vit|crossvit_.*)$/.test(
      family,
    )
  ) {
    return undefined;
  }
  return [1 + (typeof config.num_register_tokens === "number" ? config.num_register_tokens : 0)];
}

/** Reads a side, [h, w], [c, h, w] (timm), { height, width } or { shortest_edge }. */
function sizeOf(value: unknown): Size | undefined {
  if (isSide(value)) return [value, value];
  if (Array.isArray(value)) {
    const [height, width] = value.slice(-2);
    return isSide(height) && isSide(width ?? height) ? [height, width ?? height] : undefined;
  }
  const { height, width, shortest_edge: edge } = objectOf(value) ?? {};
  if (isSide(height) && isSide(width)) return [height, width];
  return isSide(edge) ? [edge, edge] : undefined;
}

const isSide = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const objectOf = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
