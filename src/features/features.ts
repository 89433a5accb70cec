/** Features of one image: tokens with their location, from token to pixels and back. */
import { type Box, type Fused, S2Error, type S2Plan } from "../core/index.ts";

/** Tokens [1, prefix + rows·cols, channels] of an image. Token numbers count along `dims[1]`, prefix tokens first, then row by row. */
export interface Features {
  /** Values, row-major. */
  readonly data: Float32Array;
  /** [1, tokens, channels]. */
  readonly dims: readonly [1, number, number];
  /** Token grid without prefix tokens. */
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Plan that was run. */
  readonly plan: S2Plan;
  /** Location of the grid in the image. */
  readonly gridGeometry: GridGeometry;
  /** Returns a token's features, [channels], a view on `data`. Throws S2Error "token". */
  vector(token: number): Float32Array;
  /** Returns the area of the image that a token covers; a prefix token covers all that the model saw. Throws S2Error "token". */
  boxOf(token: number): Box;
  /** Returns the token that covers a pixel of the image. Throws S2Error "outside" where the model saw nothing. */
  tokenAt(x: number, y: number): number;
}

/** Location of a token grid in an image, in its pixels. */
export interface GridGeometry {
  /** Area that the model saw. */
  readonly region: Box;
  /** Sides of one token; the last row and column may reach beyond the region. */
  readonly token: readonly [height: number, width: number];
}

/** Returns the area of `rows` x `cols` tokens from a cell of the grid on, cut off where the model saw nothing. */
export function cellBox({ region, token }: GridGeometry, row: number, col: number, rows = 1, cols = 1): Box {
  const left = region.left + col * token[1];
  const top = region.top + row * token[0];
  const width = Math.min(cols * token[1], region.left + region.width - left);
  return { left, top, width, height: Math.min(rows * token[0], region.top + region.height - top) };
}

/** Creates features from the output of a plan's run on one image, [1, n, c]. */
export function makeFeatures({ features, grid, token }: Fused, plan: S2Plan): Features {
  const [, tokens, channels] = features.dims;
  const prefix = plan.numPrefixToken;
  const { canvas, padding } = plan.scales[plan.outputScale];
  const region = plan.region ?? { left: 0, top: 0, width: plan.image[1], height: plan.image[0] };
  // In "pad" mode the last row and column may reach beyond the image, so a token's side comes from the canvas, not from the grid.
  const height = (token[0] * region.height) / (canvas[0] - padding[0]);
  const width = (token[1] * region.width) / (canvas[1] - padding[1]);
  const gridGeometry: GridGeometry = { region, token: [height, width] };
  const right = region.left + region.width;
  const bottom = region.top + region.height;
  const checkToken = (token: number) => {
    if (Number.isInteger(token) && token >= 0 && token < tokens) return;
    throw new S2Error(
      "token",
      `There is no token ${token}; expected 0 to ${tokens - 1}, of which the first ${prefix} are prefix tokens.`,
    );
  };
  return {
    data: features.data,
    dims: [1, tokens, channels],
    grid,
    plan,
    gridGeometry,
    vector(token) {
      checkToken(token);
      return features.data.subarray(token * channels, (token + 1) * channels);
    },
    boxOf(token) {
      checkToken(token);
      if (token < prefix) return region;
      return cellBox(gridGeometry, Math.floor((token - prefix) / grid.cols), (token - prefix) % grid.cols);
    },
    tokenAt(x, y) {
      if (!(x >= region.left && x <= right && y >= region.top && y <= bottom)) {
        throw new S2Error(
          "outside",
          `The point ${x}, ${y} is outside what the model saw: ${region.left} to ${right} across, ${region.top} to ${bottom} down, in the image's pixels.`,
        );
      }
      const col = Math.min(grid.cols - 1, Math.floor((x - region.left) / width));
      const row = Math.min(grid.rows - 1, Math.floor((y - region.top) / height));
      return prefix + row * grid.cols + col;
    },
  };
}
