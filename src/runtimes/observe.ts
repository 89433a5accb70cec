/** Reads a graph's traits from its fixed dimensions, and from runs of one or two blank images where they are symbolic. */
import { S2Error, type Tensor } from "../core/index.ts";
import type { ValueInfo } from "./graph.ts";
import type { ConfigHints, Size } from "./hub-config.ts";
import type { Model, ModelOptions } from "./model.ts";
import { readTokens } from "./tokens.ts";

/** Runs one blank image of a size and returns the dimensions of the main output. */
export type Probe = (size: Size) => Promise<readonly number[]>;

type Given = Pick<ModelOptions, "imageSize" | "patchSize" | "prefixTokens">;

/** 4096x4096, 200 MB as floats; larger images are cut into tiles. */
const MAX_PIXELS = 2 ** 24;

/** Side of the blank image where the model's size is unknown: most models were trained at it. */
const DEFAULT_SIDE = 224;

/** Reads the layout of `output`, the image size and the token geometry. @throws S2Error "input", "output" or "prefix-tokens". */
export async function observeTraits(
  input: ValueInfo,
  output: ValueInfo,
  hints: ConfigHints,
  given: Given,
  probe: Probe,
): Promise<Model["traits"]> {
  const [batch, , ...sides] = input.shape;
  const fixed = sides.every((side) => typeof side === "number") ? (sides as unknown as Size) : undefined;
  const wanted = typeof given.imageSize === "number" ? ([given.imageSize, given.imageSize] as const) : given.imageSize;
  if (fixed && wanted && String(fixed) !== String(wanted)) {
    throw new S2Error(
      "input",
      `imageSize is ${wanted.join("x")}, but the graph takes ${fixed.join("x")} only; leave imageSize out, or export the model at that size.`,
    );
  }
  const known = fixed ?? wanted ?? hints.imageSize;
  if (known && known[0] * known[1] > MAX_PIXELS)
    throw new S2Error(
      "input",
      `The model's images are ${known[1]}x${known[0]} according to its graph, its config files or imageSize; at most ${MAX_PIXELS} pixels are run at once. Give another imageSize.`,
    );
  const patch = output.shape.length === 4 ? given.patchSize : (given.patchSize ?? hints.patchSize);
  const seen = fixed
    ? await seeFixed(fixed, output, probe)
    : await seeSymbolic(known ?? [DEFAULT_SIDE, DEFAULT_SIDE], patch, probe);
  const { grid, ...geometry } = readGeometry(seen, hints, { ...given, patchSize: patch });
  const runs = async (size: Size) => (await probe(size).catch(() => undefined)) !== undefined;
  const dynamicSize = seen.dynamic ?? (await runs(larger(seen.size, geometry.patchSize ?? 32)));
  return {
    ...geometry,
    // A size that was not given, when others run too, is not the model's.
    ...((known || !dynamicSize) && { imageSize: known ?? seen.size, ...gridOf(grid, seen.size, known, geometry.patchSize) }),
    dynamicSize,
    ...(typeof batch === "number" && { maxBatch: batch }),
  };
}

/** Returns the token grid at the model's size where it differs from the whole patches; `seen` is that size or one patch larger. */
function gridOf(grid: Size, seen: Size, known: Size | undefined, patch?: number): { tileGrid?: Size } {
  const size = known ?? seen;
  const more = String(seen) === String(size) ? 0 : 1;
  const tileGrid: Size = [grid[0] - more, grid[1] - more];
  const isWhole = patch === undefined || tileGrid.every((count, axis) => count === Math.floor(size[axis] / patch));
  return isWhole ? {} : { tileGrid };
}

/** The result of a run or of fixed dimensions. */
interface Seen {
  readonly size: Size;
  /** Dimensions of the main output for one image of that size. */
  readonly dims: readonly number[];
  /** True if other sizes run; undefined where that is not tried yet. */
  readonly dynamic?: boolean;
}

async function seeFixed(size: Size, output: ValueInfo, probe: Probe): Promise<Seen> {
  const complete = output.shape.length > 0 && output.shape.slice(1).every((side) => typeof side === "number");
  return { size, dims: complete ? [1, ...(output.shape.slice(1) as number[])] : await probe(size), dynamic: false };
}

/**
 * Runs a blank image one patch larger than `size`. Symbolic height and width prove nothing: many exports declare them although the
 * position embedding was traced at one size. Larger, because a table of positions that is cut to length takes smaller images too. A run
 * that succeeds also gives the output's dimensions and warms the model up.
 */
async function seeSymbolic(size: Size, patch: number | undefined, probe: Probe): Promise<Seen> {
  if (patch !== undefined) {
    const other = larger(size, patch);
    const dims = await probe(other).catch(() => undefined);
    if (dims) return { size: other, dims, dynamic: true };
  }
  try {
    return { size, dims: await probe(size), dynamic: patch === undefined ? undefined : false };
  } catch (error) {
    const tried = `The graph does not fix its image size, and a blank image of ${size.join("x")} fails`;
    throw new S2Error("input", `${tried}; give imageSize. ${(error as Error).message}`, { cause: error });
  }
}

function readGeometry(
  { size, dims }: Seen,
  hints: ConfigHints,
  given: Given,
): Pick<Model["traits"], "layout" | "prefixTokens" | "patchSize" | "channels"> & { grid: Size } {
  if (dims.length === 3) {
    const { family, prefixTokens: familyPrefixes } = hints;
    const { patchSize, prefixTokens } = given;
    const read = readTokens({ tokens: dims[1], size, patchSize, prefixTokens, family, familyPrefixes });
    return { layout: "bnc", ...read, channels: dims[2] };
  }
  if (dims.length === 4) {
    if (given.prefixTokens)
      throw new S2Error(
        "prefix-tokens",
        `prefixTokens is ${given.prefixTokens}, but the features are maps [b, c, h, w] without such tokens; leave it out.`,
      );
    const [down, across] = [Math.round(size[0] / dims[2]), Math.round(size[1] / dims[3])];
    const patchSize = given.patchSize ?? (down === across ? down : undefined);
    return { layout: "bchw", prefixTokens: 0, ...(patchSize && { patchSize }), channels: dims[1], grid: [dims[2], dims[3]] };
  }
  throw new S2Error(
    "output",
    `The main output has the shape [${dims.join(", ")}]; expected tokens [b, n, c] or maps [b, c, h, w]. Give output: another one.`,
  );
}

const larger = ([height, width]: Size, patch: number): Size => [height + patch, width + patch];

/** Makes one black image. */
export function blank(channels: number, [height, width]: Size): Tensor {
  return { dims: [1, channels, height, width], data: new Float32Array(channels * height * width) };
}
