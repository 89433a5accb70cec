/** Resizing 8-bit pictures exactly as Pillow's Image.resize does, which is what vision models were trained behind. */
import { S2Error } from "../core/index.ts";
import { premultiply, unpremultiply } from "./alpha.ts";
import { bands, filterBoth } from "./filter-passes.ts";
import { filters, filterWeights } from "./filter-weights.ts";
import { checkPixels, type Filter, isSide, type Pixels } from "./pixels.ts";
import type { FilterRgb } from "./simd-passes.ts";

let simd: FilterRgb | undefined;
let loading: Promise<void> | undefined;

/** Loads the passes in WebAssembly, which give the same bytes faster. JavaScript's do where the engine has no SIMD or a page forbids WebAssembly. */
export function loadSimd(): Promise<void> {
  loading ??= import("./simd-passes.ts").then(({ openSimd }) => void (simd = openSimd())).catch(() => {});
  return loading;
}

/**
 * Resizes `pixels` to [height, width], bit for bit as `PIL.Image.resize` (4 channels: RGBA, filtered premultiplied as Pillow does).
 * `box` = [left, top, right, bottom] in pixels of the source, may be fractional: the part that fills the output; as in Pillow, pixels
 * around it still count where the filter reaches them, and its numbers are rounded to float32. Default: the whole picture. Always new data.
 * Throws S2Error "pixels", "size", "filter" or "box". Source: Pillow src/libImaging/Resample.c, ImagingResample.
 */
export function resizePixels(
  pixels: Pixels,
  size: readonly [height: number, width: number],
  filter: Filter,
  box?: readonly [left: number, top: number, right: number, bottom: number],
): Pixels {
  checkPixels(pixels);
  const [height, width] = checkSize(size);
  checkFilter(filter);
  const bounds = box === undefined ? [0, 0, pixels.width, pixels.height] : checkBox(box, pixels);
  const { channels } = pixels;
  const same = [0, 0, width, height].every((edge, i) => edge === bounds[i]);
  if (same && width === pixels.width && height === pixels.height)
    return { width, height, channels, data: Uint8Array.from(pixels.data) };
  loadSimd(); // for the images that follow, where the caller did not
  const source = channels === 4 ? premultiply(pixels.data) : pixels.data;
  const across = filterWeights(filter, pixels.width, bounds[0], bounds[2], width);
  const down = filterWeights(filter, pixels.height, bounds[1], bounds[3], height);
  const all = bands(down);
  const fast = channels === 3 ? simd?.(source, pixels.width, across, down, all) : undefined;
  const data = fast ?? filterBoth(source, pixels.width, channels, across, down, all);
  if (channels === 4) unpremultiply(data);
  return { width, height, channels, data };
}

function checkSize(size: readonly [number, number]): readonly [number, number] {
  if (!Array.isArray(size) || size.length !== 2 || !size.every(isSide)) {
    throw new S2Error(
      "size",
      `Got size ${JSON.stringify(size)}; expected [height, width], whole numbers of at least 1. Round the sides before resizing.`,
    );
  }
  return size;
}

function checkFilter(filter: Filter): void {
  if (!filters.includes(filter)) {
    throw new S2Error(
      "filter",
      `Got filter ${JSON.stringify(filter)}; expected one of ${filters.join(", ")}. Choose one of these.`,
    );
  }
}

/** The box in float32, which is how Pillow takes it. Pillow lets an empty box pass (it repeats one spot); here it is a mistake. */
function checkBox(box: readonly number[], { width, height }: Pixels): readonly number[] {
  const numbers = Array.isArray(box) && box.length === 4 && box.every((edge) => Number.isFinite(edge));
  const [left, top, right, bottom] = numbers ? box.map(Math.fround) : [];
  if (!numbers || left < 0 || top < 0 || right > width || bottom > height || right <= left || bottom <= top) {
    throw new S2Error(
      "box",
      `Got box ${JSON.stringify(box)}; expected [left, top, right, bottom] with left < right <= ${width} and top < bottom <= ${height}, ` +
        "none negative. Clip the box to the picture.",
    );
  }
  return [left, top, right, bottom];
}
