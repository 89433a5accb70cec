/** Resizing float images as torch's `interpolate` does (size given, align_corners false). */
import { badOption, isCount, oneOf, S2Error } from "./error.ts";
import { resizeAlongRows } from "./resize-passes.ts";
import type { ResizeMode } from "./taps.ts";
import type { S2Plan, Tensor } from "./types.ts";

/**
 * Resizes images [b, c, h, w] to [b, c, height, width] in float32, equal to `torch.nn.functional.interpolate` within 1e-5.
 * Bicubic has a = -0.75 and may overshoot the input's range; with `antialias` it has a = -0.5 and filters before shrinking.
 * @throws S2Error "not-4d" or "image" when images are not float32 [b, c, h, w], "size" when size is not two positive integers, "mode" for an unknown mode.
 */
export function resize(
  images: Tensor,
  size: readonly [height: number, width: number],
  options: { mode?: ResizeMode; antialias?: boolean } = {},
): Tensor {
  const { mode = "bicubic", antialias = false } = options;
  const [b, c] = imageDims(images);
  const [height, width] = size;
  if (!isCount(height, width)) {
    throw badOption("size", "size", size, "[height, width], two whole numbers of at least 1");
  }
  oneOf("mode", "mode", mode, ["bicubic", "bilinear", "area", "nearest", "nearest-exact"]);
  if (antialias && mode !== "bicubic" && mode !== "bilinear") {
    throw badOption("mode", "mode", mode, "bicubic or bilinear when antialias is set");
  }
  const data = new Float32Array(b * c * height * width);
  const columns = resizeAlongRows(images, [height, width], mode, antialias);
  for (let image = 0; image < b; image++) columns(image, 0, 0, size, data, image * c * height * width);
  return { dims: [b, c, height, width], data };
}

/** The dims of images as four positive integers whose product is the data's length. */
export function imageDims(images: Tensor): readonly [b: number, c: number, h: number, w: number] {
  const dims = images?.dims;
  if (!Array.isArray(dims) || dims.length !== 4 || !isCount(...dims)) {
    throw new S2Error("not-4d", `Images have dims [${dims}]; expected 4 positive numbers [batch, channels, height, width].`);
  }
  if (!(images.data instanceof Float32Array)) {
    const got = (images.data as object | undefined)?.constructor?.name;
    throw new S2Error("image", `Image data is ${got}; expected a Float32Array (bicubic overshoots, so bytes would wrap).`);
  }
  const [b, c, h, w] = dims as [number, number, number, number];
  if (images.data.length !== b * c * h * w) {
    throw new S2Error("image", `Images of dims [${dims}] hold ${images.data.length} numbers; expected ${b * c * h * w}.`);
  }
  return [b, c, h, w];
}

/** Whether a plan antialiases when it resizes from one size to another. */
export function filters({ antialias }: Pick<S2Plan, "antialias">, from: readonly number[], to: readonly number[]): boolean {
  return antialias === "always" || (antialias === "shrinking" && (to[0] < from[0] || to[1] < from[1]));
}
