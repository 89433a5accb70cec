/** Reading what the model returned: is it a tensor of the promised shape, and which grid do its tokens form? */
import { px, S2Error } from "./error.ts";
import { firstNotFinite } from "./finite.ts";
import { type Grid, possibleGrids, runTiles, tileGrid } from "./layout.ts";
import { commonPrefixes } from "./traits.ts";
import type { S2Plan, Tensor, Traits } from "./types.ts";

export interface TileOutput {
  readonly grid: Grid;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Checks the output of one run on `images` tiles of size `tile` and reads its token grid and channels. */
export function readOutput(
  output: Tensor,
  images: number,
  tile: readonly [number, number],
  plan: S2Plan,
  traits: Traits,
): TileOutput {
  if (!Array.isArray(output?.dims) || !(output.data instanceof Float32Array)) throw notATensor(output);
  const { dims, data } = output;
  const shape = readShape(dims, tile, plan, traits);
  if (dims[0] !== images || data.length !== dims.reduce((a, d) => a * d, 1)) {
    throw new S2Error(
      "model-output",
      `The model got ${images} images and returned dims [${dims}] with ${data.length} numbers; expected dims [${images}, ...].`,
    );
  }
  return { ...shape, data };
}

/**
 * Refuses NaN and infinity before they are merged, where the scale and the tile are still known.
 * @throws S2Error "not-finite".
 */
export function checkTiles(
  { data }: TileOutput,
  plan: S2Plan,
  { index, from, images, batch }: { index: number; from: number; images: number; batch: number },
): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  const { tiles } = plan.scales[index];
  const each = data.length / images;
  const image = from + Math.floor(at / each);
  const tile = `tile ${runTiles(plan.scales[index])[Math.floor(image / batch)] + 1} of ${tiles.length}${batch > 1 ? ` of image ${(image % batch) + 1}` : ""}`;
  throw new S2Error(
    "not-finite",
    `The model returned ${data[at]} for ${tile} at scale ${index + 1} of ${plan.scales.length}; expected finite ` +
      "numbers. Its weights may be damaged, or float16 overflows; export it again in float32.",
  );
}

/** The token grid and channels that an output of shape `dims` has for tiles of size `tile`. */
export function readShape(
  dims: readonly number[],
  tile: readonly [number, number],
  plan: Pick<S2Plan, "outputShape" | "numPrefixToken">,
  traits: Traits,
): { grid: Grid; channels: number } {
  const rank = plan.outputShape === "bnc" ? 3 : 4;
  if (dims.length !== rank) {
    const other = dims.length === 7 - rank ? ` For such a model pass outputShape "${rank === 3 ? "bchw" : "bnc"}".` : "";
    const pooled = dims.length === 2 ? " This looks like a pooled vector; return the tokens or the map before pooling." : "";
    throw new S2Error(
      "wrong-rank",
      `The model's output has dims [${dims}]; for outputShape "${plan.outputShape}" it must have ${rank} dimensions, ` +
        `${rank === 3 ? "[batch, tokens, channels]" : "[batch, channels, rows, cols]"}.${other}${pooled}`,
      { option: "outputShape" },
    );
  }
  if (plan.outputShape === "bchw") return { grid: { rows: dims[2], cols: dims[3] }, channels: dims[1] };
  return { grid: tokenGrid(dims[1], tile, plan.numPrefixToken, traits.patchSize), channels: dims[2] };
}

function notATensor(output: unknown): S2Error {
  const got =
    output === null || typeof output !== "object"
      ? String(output)
      : Array.isArray(output)
        ? `an array of ${output.length}`
        : `an object with ${Object.keys(output).join(", ") || "no fields"}`;
  const typed = (output as { data?: object } | null)?.data?.constructor?.name;
  return new S2Error(
    "model-output",
    `The model returned ${got}${typed ? ` whose data is ${typed}` : ""}; expected one tensor { dims, data: Float32Array }, ` +
      "such as a model's last_hidden_state. Wrap the model: (images) => model(images).last_hidden_state.",
  );
}

// The grid comes from the patch size where the model has one. Otherwise tokens are taken to be squares of pixels,
// so the grid has the tile's own proportions; for a square tile that is the reference's rule.
function tokenGrid(tokens: number, tile: readonly [number, number], prefix: number, patchSize?: number): Grid {
  const count = tokens - prefix;
  if (count < 1) {
    throw new S2Error(
      "tokens-missing",
      `numPrefixToken is ${prefix}, but the model returns only ${tokens} tokens a tile, so no patch token is left. Common numbers: ${commonPrefixes}.`,
      { option: "numPrefixToken" },
    );
  }
  if (patchSize !== undefined) {
    const found = possibleGrids(tile, patchSize).find(({ rows, cols }) => rows * cols === count);
    if (found) return found;
    const grid = tileGrid(tile, patchSize);
    throw new S2Error(
      "tokens",
      `The model returns ${tokens} tokens for a tile of ${px(tile)} px; with patches of ${patchSize} px expected ` +
        `${prefix} prefix + ${grid.rows}x${grid.cols} = ${prefix + grid.rows * grid.cols}. Is numPrefixToken right? Common numbers: ${commonPrefixes}.`,
      { option: "numPrefixToken" },
    );
  }
  const rows = Math.round(Math.sqrt((count * tile[0]) / tile[1]));
  const cols = count / rows;
  if (rows * tile[1] === cols * tile[0]) return { rows, cols };
  throw new S2Error(
    "tokens-not-square",
    `${tokens} tokens less ${prefix} prefix tokens are ${count}, which form no grid of square patches over a tile of ${px(tile)} px` +
      `${tile[0] === tile[1] ? ` (${count} is no square number)` : "; give the model traits with patchSize"}. ` +
      `Is numPrefixToken right? Common numbers: ${commonPrefixes}.`,
    { option: "numPrefixToken" },
  );
}
