/** `describePlan`: a plan as people read it. Sizes are WIDTHxHEIGHT, tiles and grids are rows x columns. */
import { formatTable, type S2Plan } from "../core/index.ts";

/** Describes a plan: the image, the tile and where its size is from, a table of scales, the cost. */
export function describePlan(plan: S2Plan, tileFrom: string): string[] {
  const { image, scales, outputScale, outputGrid, tiles, multiplyAdds } = plan;
  const region = plan.region ?? { width: image[1], height: image[0] };
  const rows = scales.map(({ size, canvas, padding, rows, cols, grid, skipped = [] }, i) => [
    `${i}${i === outputScale ? " *" : ""}`,
    wide(size),
    wide(canvas),
    padding[0] + padding[1] === 0 ? "-" : wide(padding),
    `${rows} x ${cols} = ${rows * cols}${skipped.length > 0 ? `, ${rows * cols - skipped.length} run` : ""}`,
    grid ? `${grid.rows} x ${grid.cols}` : "?",
    `${trim(Math.max(size[0] / region.height, size[1] / region.width))}x`,
  ]);
  return [
    `image   ${wide(image)} px`,
    `tile    ${wide(scales[outputScale].tile)} px (${tileFrom})`,
    "",
    ...formatTable(["scale", "size", "canvas", "padding", "tiles", "grid", "of the image"], rows),
    "",
    `${tiles} tiles; the output has the grid of scale ${outputScale} (*)${outputGrid ? `: ${outputGrid.rows} x ${outputGrid.cols} tokens` : ""}${channels(plan)}`,
    ...skippedTiles(plan),
    ...(multiplyAdds === undefined ? [] : [`${(multiplyAdds / 1e9).toFixed(1)} billion multiply-adds`]),
  ];
}

/** Lists the tiles that are not run with their detail; rows and columns count from 1. */
function skippedTiles({ scales }: S2Plan): string[] {
  return scales.flatMap(({ skipped = [], detail = [], cols, size }) => {
    if (skipped.length === 0) return [];
    const named = skipped.map(
      (tile) => `${Math.floor(tile / cols) + 1}/${(tile % cols) + 1} (${detail[tile]?.toFixed(1) ?? "?"})`,
    );
    return [
      `not run at ${wide(size)}: row/column (detail, mean difference of pixels to the scale before) ${named.join(", ")}; their tokens are those of the scale before`,
    ];
  });
}

function channels({ scales, merge }: S2Plan): string {
  const each = scales.at(-1)!.channels;
  return each ? ` of ${merge === "concat" ? each[1] : each[1] - each[0]} channels` : "";
}

const wide = ([height, width]: readonly [number, number]) => `${width}x${height}`;
const trim = (times: number) => String(Number(times.toFixed(2)));
