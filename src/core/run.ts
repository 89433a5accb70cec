/** Runs a plan: on the model's device as a whole, or cuts tiles, runs the model and fuses its outputs; then two runs of tiles are in memory. */
import { firstNotFinite } from "./finite.ts";
import { type Fused, fuse, scaleOf, withGrid } from "./fuse.ts";
import { runTiles } from "./layout.ts";
import { checkTraits } from "./traits.ts";
import type { S2Options, S2Plan, ScalePlan, SourceImages, Tensor, VisionModel } from "./types.ts";

/** Callbacks of a run, and the signal that stops it. */
export type Hooks = Pick<S2Options, "signal" | "onProgress" | "onScale">;

/** Writes the tile of `image` whose corner is at (`top`, `left`) of the scale's canvas as [c, h, w] at `offset` of `out`, which is all zeros. */
export type CutTile = (image: number, top: number, left: number, out: Float32Array, offset: number) => void;

/** Images at each scale: `prepare` resizes to one scale and returns the function that cuts its tiles. */
export interface Source {
  readonly batch: number;
  readonly channels: number;
  /** The images themselves, for a model that resizes, cuts and fuses on its device. */
  readonly images?: SourceImages;
  prepare(scale: ScalePlan, index: number): CutTile;
}

/**
 * Runs `plan` with `model` on tiles from `source`; `s2` is this with tiles cut from a resized tensor, `extract` with tiles cut from an image.
 * @returns features [b, n, c] or [b, c, h, w] and their token grid; the number of tiles per run changes them by
 * the model's own rounding at most (docs/performance.md).
 * @throws S2Error when plan and model do not fit; whatever `signal` gives as its reason when it aborts.
 */
export async function runPlan(model: VisionModel, plan: S2Plan, source: Source, hooks: Hooks = {}): Promise<Fused> {
  const { signal, onProgress, onScale } = hooks;
  const traits = model.traits ?? {};
  checkTraits(plan, traits);
  const fused = await runOnDevice(model, plan, source, hooks);
  if (fused) return fused;
  const fusion = fuse(plan, source.batch, traits, onScale);
  const settle = async ({ scale, from, count, tilesDone }: Run, output: Tensor | Promise<Tensor>) => {
    fusion.add(scale, from, count, await output);
    onProgress?.({ tiles: tilesDone, of: plan.tiles, scale });
  };
  let running: { run: Run; output: Tensor | Promise<Tensor> } | undefined;
  // The next run is cut while an asynchronous model still works on the run before.
  for (const run of cutRuns(plan, source, traits.maxBatch)) {
    if (running) await settle(running.run, running.output);
    signal?.throwIfAborted();
    running = { run, output: model(run.tiles) };
    if (running.output instanceof Promise) running.output.catch(() => {}); // is awaited later, after the next run is cut
  }
  await settle(running!.run, running!.output);
  return fusion.result();
}

/** Runs the plan on the model's device. Nothing where it cannot, or gives NaN or infinity: tile by tile the error names the tile. */
async function runOnDevice(
  model: VisionModel,
  plan: S2Plan,
  source: Source,
  { signal, onProgress, onScale }: Hooks,
): Promise<Fused | undefined> {
  if (!model.runOnDevice || !source.images || (onScale && plan.merge !== "concat")) return undefined;
  signal?.throwIfAborted();
  const done = await model.runOnDevice(plan, source.images);
  if (!done || firstNotFinite(done.features.data) >= 0) return undefined;
  signal?.throwIfAborted();
  let tiles = 0;
  plan.scales.forEach((scale, i) => {
    onScale?.(i, scaleOf(plan, i, done.features));
    onProgress?.({ tiles: (tiles += scale.tiles.length), of: plan.tiles, scale: i });
  });
  return withGrid(plan, done.features, done.tileGrid);
}

/** One call of the model: images `from` .. `from + count` of a scale's tiles that are run, in (tile, image) order. */
interface Run {
  readonly scale: number;
  readonly from: number;
  readonly count: number;
  /** Tiles of one image that are done when this run is. */
  readonly tilesDone: number;
  readonly tiles: Tensor;
}

function* cutRuns(plan: S2Plan, source: Source, maxBatch?: number): Generator<Run> {
  let tilesBefore = 0;
  for (const [index, scale] of plan.scales.entries()) {
    const tiles = runTiles(scale);
    if (tiles.length === 0) continue;
    const cut = source.prepare(scale, index);
    const images = tiles.length * source.batch;
    const perRun = imagesPerRun(plan, source.batch, images, maxBatch);
    for (let from = 0; from < images; from += perRun) {
      const count = Math.min(perRun, images - from);
      const tilesDone = tilesBefore + Math.floor((from + count) / source.batch);
      yield { scale: index, from, count, tilesDone, tiles: cutTiles(scale, tiles, source, cut, from, count) };
    }
    tilesBefore += tiles.length;
  }
}

function imagesPerRun({ splitForward }: S2Plan, batch: number, all: number, maxBatch = Number.POSITIVE_INFINITY): number {
  const asked = splitForward === true ? batch : splitForward === false ? all : splitForward;
  return Math.min(asked, maxBatch);
}

// Order (row, column, image), image fastest, as `split_chessboard`. The batch is a fresh array each run: a model may keep or transfer it.
function cutTiles(
  scale: ScalePlan,
  tiles: readonly number[],
  { batch, channels }: Source,
  cut: CutTile,
  from: number,
  count: number,
): Tensor {
  const [height, width] = scale.tile;
  const size = channels * height * width;
  const data = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const tile = tiles[Math.floor((from + i) / batch)];
    cut((from + i) % batch, scale.rowStarts[Math.floor(tile / scale.cols)], scale.colStarts[tile % scale.cols], data, i * size);
  }
  return { dims: [count, channels, height, width], data };
}
