/** What the processors beside a vision encoder must say: images at the tower's largest scale, and as many image tokens as come out. */
import type { Tower } from "../core/index.ts";

/**
 * A preprocessor_config.json for the tower, as LLaVA and VILA change theirs when it is loaded: the sizes that it has become the largest
 * scale's, or, for Dynamic S², that of a tile.
 */
export function preprocessorFor(tower: Tower, preprocessor: object): object {
  const side = tower.kind === "dynamic-s2" ? tower.tile : Math.max(...tower.scales);
  const resized = Object.entries(preprocessor)
    .filter(([key]) => key === "size" || key === "crop_size")
    .map(([key, value]) => [key, sizeOf(value, side)]);
  const own = tower.fit === "squash" ? { size: { height: side, width: side } } : cropped(side);
  return { ...preprocessor, ...(resized.length > 0 ? Object.fromEntries(resized) : own) };
}

const cropped = (side: number) => ({ size: { shortest_edge: side }, crop_size: { height: side, width: side } });

function sizeOf(value: unknown, side: number): unknown {
  if (typeof value !== "object" || value === null) return side;
  return Object.fromEntries(Object.keys(value).map((key) => [key, side]));
}

/**
 * A processor_config.json: transformers counts an image's tokens as (side / patch_size)² and the additional ones, so the "patch" here is
 * what one token of the encoder covers. "full" keeps transformers in Python from taking one off again.
 */
export function processorFor({ side, grid, prefix }: { side: number; grid: number; prefix: number }, processor: object): object {
  const patch = Math.ceil(side / grid);
  const counted = Math.floor(side / patch) ** 2;
  return {
    ...processor,
    ...{ patch_size: patch, num_additional_image_tokens: grid * grid + prefix - counted, vision_feature_select_strategy: "full" },
  };
}
