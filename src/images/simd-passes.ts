/** The two passes of a resize of RGB pixels in WebAssembly with SIMD: the same bytes as filter-passes.ts gives, about ten times as fast. */
import type { Band } from "./filter-passes.ts";
import type { FilterWeights } from "./filter-weights.ts";
import { SIMD_MODULE } from "./simd-module.ts";

/** Functions of scripts/simd/filter-passes.ts; addresses are in bytes of the memory. */
interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly filterRows: (
    source: number,
    stride: number,
    rows: number,
    first: number,
    outputs: number,
    weights: number,
    pairs: number,
    out: number,
    outStride: number,
  ) => void;
  readonly filterColumns: (source: number, stride: number, weights: number, pairs: number, out: number) => void;
}

/** Filters RGB rows of `width` pixels along x and the result along y, band by band; undefined for weights that do not fit. */
export type FilterRgb = (
  source: Uint8Array,
  width: number,
  across: FilterWeights,
  down: FilterWeights,
  all: readonly Band[],
) => Uint8Array | undefined;

/** Bytes of source rows that are filtered at a time: they and what is made of them stay in the cache. */
const CHUNK = 2 ** 17;

/** Opens the module. @throws where the engine has no SIMD, or a content security policy forbids WebAssembly. */
export function openSimd(): FilterRgb {
  const bytes = Uint8Array.from(atob(SIMD_MODULE), (letter) => letter.charCodeAt(0));
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Kernels;
  return (...given) => filterBoth(kernels, ...given);
}

function filterBoth(
  { memory, filterRows, filterColumns }: Kernels,
  source: Uint8Array,
  width: number,
  across: FilterWeights,
  down: FilterWeights,
  all: readonly Band[],
): Uint8Array | undefined {
  const [acrossPairs, downPairs] = [inPairs(across), inPairs(down)];
  if (!acrossPairs || !downPairs) return undefined;
  const [outputs, height, line] = [across.first.length, down.first.length, width * 3];
  const stride = (outputs * 3 + 16) & ~15; // rows end in at least one spare byte, for filterRows
  const chunk = Math.max(4, Math.floor(CHUNK / line) & ~3);
  const mostRows = all.reduce((most, { top, end }) => Math.max(most, end - top), 0);

  let size = 1024; // below lies what the compiler keeps
  const reserve = (bytes: number): number => {
    const at = size;
    size += (bytes + 31) & ~15; // a pair may be read where the last tap has no neighbor
    return at;
  };
  const acrossAt = reserve(acrossPairs.weights.byteLength);
  const downAt = reserve(downPairs.weights.byteLength);
  const firstAt = reserve(outputs * 4);
  const chunkAt = reserve(chunk * line + acrossPairs.pairs * 6);
  const betweenAt = reserve((mostRows + 4) * stride);
  const rowAt = reserve(stride);
  const missing = Math.ceil((size - memory.buffer.byteLength) / 2 ** 16);
  if (missing > 0) memory.grow(missing);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(acrossPairs.weights.buffer), acrossAt);
  bytes.set(new Uint8Array(downPairs.weights.buffer), downAt);
  bytes.set(new Uint8Array(across.first.map((x) => x * 3).buffer), firstAt);

  const out = new Uint8Array(outputs * 3 * height);
  let done: Pick<Band, "top" | "end"> = { top: 0, end: 0 };
  for (const band of all) {
    const { from, to, top, end } = band;
    // Rows that the band before has filtered move to the front.
    const address = (y: number) => betweenAt + (y - top) * stride;
    if (done.end > top)
      bytes.copyWithin(betweenAt, betweenAt + (top - done.top) * stride, betweenAt + (done.end - done.top) * stride);
    for (let y = Math.max(top, done.end); y < end; y += chunk) {
      const rows = Math.min(chunk, end - y);
      bytes.set(source.subarray(y * line, (y + rows) * line), chunkAt);
      filterRows(chunkAt, line, rows, firstAt, outputs, acrossAt, acrossPairs.pairs, address(y), stride);
    }
    done = band;
    for (let y = from; y < to; y++) {
      const weights = downAt + y * downPairs.pairs * 8;
      filterColumns(address(down.first[y]), stride, weights, (down.count[y] + 1) >> 1, rowAt);
      out.set(bytes.subarray(rowAt, rowAt + outputs * 3), y * outputs * 3);
    }
  }
  return out;
}

/**
 * Splits weights into int16 as the module reads them: for each output `pairs` times [upper, upper, lower, lower] of two taps. Undefined where a
 * weight is too large, which no filter gives for a box of whole pixels.
 */
function inPairs({ first, count, weights, stride }: FilterWeights): { pairs: number; weights: Int16Array } | undefined {
  const pairs = (count.reduce((most, taps) => Math.max(most, taps), 0) + 1) >> 1;
  const split = new Int16Array(first.length * pairs * 4);
  for (let i = 0; i < first.length; i++) {
    for (let k = 0; k < count[i]; k++) {
      const weight = weights[i * stride + k];
      const upper = weight >> 11;
      if (upper !== (upper << 16) >> 16) return undefined;
      const at = (i * pairs + (k >> 1)) * 4 + (k & 1);
      split[at] = upper;
      split[at + 2] = weight & 2047;
    }
  }
  return { pairs, weights: split };
}
