/** Resizing 8-bit pictures exactly as Pillow's Image.resize does, which is what vision models were trained behind. */
import { S2Error } from "../core/index.ts";
import { premultiply, unpremultiply } from "./alpha.ts";
import { filterColumns, filterRows } from "./filter-passes.ts";
import { type FilterWeights, filters, filterWeights } from "./filter-weights.ts";
import { checkPixels, type Filter, isSide, type Pixels } from "./pixels.ts";

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
  const rowsStay = bounds[0] === 0 && bounds[2] === pixels.width && width === pixels.width;
  const columnsStay = bounds[1] === 0 && bounds[3] === pixels.height && height === pixels.height;
  if (rowsStay && columnsStay) return { width, height, channels, data: Uint8Array.from(pixels.data) };

  const source = channels === 4 ? premultiply(pixels.data) : pixels.data;
  const across = rowsStay ? undefined : filterWeights(filter, pixels.width, bounds[0], bounds[2], width);
  const down = columnsStay ? undefined : filterWeights(filter, pixels.height, bounds[1], bounds[3], height);
  const data = filterBoth(source, pixels, across, down);
  if (channels === 4) unpremultiply(data);
  return { width, height, channels, data };
}

/** Output rows that are made at a time: a band's rows stay in the cache between the passes, and a large image's never fill memory. */
const BAND = 64;

/** Along rows first, and only those rows that the columns need; an axis without weights stays as it is. At least one has some. */
function filterBoth(
  source: Uint8Array,
  of: Pixels,
  across: FilterWeights | undefined,
  down: FilterWeights | undefined,
): Uint8Array {
  const { width, height, channels } = of;
  const length = (across?.first.length ?? width) * channels;
  const out = new Uint8ClampedArray((down?.first.length ?? height) * length);
  if (!down) filterRows(source, width, channels, 0, height, across!, out);
  else if (!across) filterColumns(source, length, 0, down, 0, down.first.length, out);
  else {
    const all = bands(down);
    const between = new Uint8ClampedArray(all.reduce((most, { rows }) => Math.max(most, rows), 0) * length);
    for (const { from, to, top, rows } of all) {
      filterRows(source, width, channels, top, rows, across, between);
      filterColumns(between, length, top, down, from, to, out);
    }
  }
  return new Uint8Array(out.buffer);
}

/** Output rows [from, to) and the source rows [top, top + rows) that they need; neighboring bands share a few. */
function bands({ first, count }: FilterWeights): { from: number; to: number; top: number; rows: number }[] {
  return Array.from({ length: Math.ceil(first.length / BAND) }, (_, i) => {
    const from = i * BAND;
    const to = Math.min(first.length, from + BAND);
    return { from, to, top: first[from], rows: first[to - 1] + count[to - 1] - first[from] };
  });
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
