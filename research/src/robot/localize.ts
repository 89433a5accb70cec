/**
 * Localization of the cube in the tokens of a picture: a heat map by ridge regression, and at each token, by another one, the offset from the token's
 * center to the cube's and the cube's turn. The tokens around the peak of the heat map vote.
 */
import { fitRidge, type ImageTokens, openProbe } from "s2-vision/heads";
import type { OpenGraph } from "s2-vision/onnx";
import { makeRandom, shuffled } from "s2-vision/train";
import { type Location, quarterTurn } from "./arm.ts";
import type { Camera } from "./camera.ts";

/** A picture's tokens and the cube's true location. */
export interface LocatedTokens {
  readonly tokens: ImageTokens;
  readonly location: Location;
}

type Probe = Awaited<ReturnType<typeof fitRidge>>["head"];

export interface Localizer {
  readonly camera: Camera;
  /** Deviation of the bump around the cube in the heat map's targets, in tokens. */
  readonly spread: number;
  /** Index of the spread's heat map among those that `heat` predicts. */
  readonly output: number;
  readonly heat: Probe;
  readonly offset: Probe;
}

export interface FoundLocation extends Location {
  /** Heat of each token, row by row. */
  readonly heat: Float32Array;
}

/** Regularizations and spreads that are tried on the validation pictures. */
const alphas = [1, 10, 100, 1e3, 1e4, 1e5];
const spreads = [0.5, 0.8, 1.2];
/** Weight in the votes below which a token does not count. */
const least = 1e-3;

/** Fits a localizer; spread and regularization are chosen on a fifth of the pictures, and the fit with these is to all of them. */
export async function fitLocalizer(all: readonly LocatedTokens[], camera: Camera, openGraph: OpenGraph): Promise<Localizer> {
  const order = shuffled(all.length, makeRandom(1)).map((i) => all[i]);
  const held = Math.max(1, Math.floor(all.length / 5));
  const [validation, train] = [order.slice(0, held), order.slice(held)];
  const pictures = validation.map(({ tokens }) => tokens);
  // One fit for all spreads: nearly all its work is the products of the features.
  const heat = await fitRows(
    train,
    validation,
    (each) => heatRows(each, camera, spreads),
    spreads.map(String),
    alphas,
    openGraph,
  );
  let best = { error: Number.POSITIVE_INFINITY, spread: spreads[0], alpha: 0 };
  for (const [output, spread] of spreads.entries()) {
    const offset = await fitRows(train, validation, (each) => offsetRows(each, camera, spread), offsets, alphas, openGraph);
    const found = await localize({ camera, spread, output, heat: heat.head, offset: offset.head }, pictures, openGraph);
    const error = median(found.map((location, i) => distance(location, validation[i].location)));
    if (error < best.error) best = { error, spread, alpha: offset.chosen.regularization };
  }
  const { spread, alpha } = best;
  const alphaOfHeat = [heat.chosen.regularization];
  const heatOfAll = await fitRows(all, undefined, (each) => heatRows(each, camera, [spread]), ["heat"], alphaOfHeat, openGraph);
  const offsetOfAll = await fitRows(all, undefined, (each) => offsetRows(each, camera, spread), offsets, [alpha], openGraph);
  return { camera, spread, output: 0, heat: heatOfAll.head, offset: offsetOfAll.head };
}

/** Fits ridge regression to rows of each picture; of several regularizations the best on the validation pictures is taken. */
function fitRows(
  train: readonly LocatedTokens[],
  validation: readonly LocatedTokens[] | undefined,
  rowsOf: (picture: LocatedTokens) => ReturnType<typeof heatRows>,
  names: readonly string[],
  alpha: readonly number[],
  openGraph: OpenGraph,
) {
  const batches = (pictures: readonly LocatedTokens[]) =>
    function* () {
      for (const picture of pictures) yield rowsOf(picture);
    };
  const { channelsPerScale } = train[0].tokens;
  return fitRidge(batches(train), {
    ...{ names, channelsPerScale, alpha, openGraph },
    ...(validation && { validation: batches(validation) }),
  });
}

const offsets = ["across", "down", "cos 4 yaw", "sin 4 yaw"];

/** Localizes the cube in pictures. */
export async function localize(
  { camera, spread, output, heat, offset }: Localizer,
  pictures: readonly ImageTokens[],
  openGraph: OpenGraph,
): Promise<FoundLocation[]> {
  const [heatProbe, offsetProbe] = [await openProbe(heat, openGraph), await openProbe(offset, openGraph)];
  const found: FoundLocation[] = [];
  for (const tokens of pictures) {
    const features = gridOf(tokens);
    const maps = await heatProbe.predict(features);
    const map = maps.filter((_, i) => i % heat.names.length === output);
    found.push({ ...vote(tokens, map, await offsetProbe.predict(features), spread, camera), heat: map });
  }
  await heatProbe.close();
  await offsetProbe.close();
  return found;
}

/** Averages what the tokens around the peak say, each with its heat times a bump around the peak. */
function vote(
  { grid: { rows, cols } }: ImageTokens,
  heat: Float32Array,
  says: Float32Array,
  spread: number,
  camera: Camera,
): Location {
  let peak = 0;
  for (let i = 1; i < heat.length; i++) if (heat[i] > heat[peak]) peak = i;
  const [peakRow, peakCol] = [Math.floor(peak / cols), peak % cols];
  const sums = [0, 0, 0, 0];
  let total = 0;
  for (let i = 0; i < heat.length; i++) {
    const [row, col] = [Math.floor(i / cols), i % cols];
    const weight = bump(col - peakCol, row - peakRow, spread) * Math.max(0, heat[i] / heat[peak]);
    if (!(weight > least)) continue;
    total += weight;
    sums[0] += weight * ((col + 0.5 + says[4 * i]) / cols);
    sums[1] += weight * ((row + 0.5 + says[4 * i + 1]) / rows);
    sums[2] += weight * says[4 * i + 2];
    sums[3] += weight * says[4 * i + 3];
  }
  const [x, y] = camera.unproject(sums[0] / total, sums[1] / total);
  return { x, y, yaw: quarterTurn(Math.atan2(sums[3], sums[2]) / 4) };
}

const bump = (across: number, down: number, spread: number): number =>
  Math.exp(-(across * across + down * down) / (2 * spread * spread));

/** Rows of the heat maps' regression: every token, and bumps of some spreads around the cube's center. */
function heatRows({ tokens, location }: LocatedTokens, camera: Camera, spreads: readonly number[]) {
  const { rows, cols } = tokens.grid;
  const [across, down] = camera.project(location.x, location.y);
  const targets: number[] = [];
  for (let i = 0; i < rows * cols; i++) {
    const [right, below] = [(i % cols) + 0.5 - across * cols, Math.floor(i / cols) + 0.5 - down * rows];
    for (const each of spreads) targets.push(bump(right, below, each));
  }
  return { features: gridOf(tokens), targets: Float32Array.from(targets), weights: new Float32Array(rows * cols).fill(1) };
}

/** Rows of the offset's regression: the tokens around the cube, weighted as they vote. */
function offsetRows(picture: LocatedTokens, camera: Camera, spread: number) {
  const { tokens, location } = picture;
  const { rows, cols } = tokens.grid;
  const { channels } = tokens;
  const all = heatRows(picture, camera, [spread]);
  const [across, down] = camera.project(location.x, location.y);
  const near = [...all.targets.keys()].filter((i) => all.targets[i] > least);
  const features = new Float32Array(near.length * channels);
  const targets: number[] = [];
  near.forEach((i, at) => {
    features.set(all.features.subarray(i * channels, (i + 1) * channels), at * channels);
    targets.push(
      across * cols - (i % cols) - 0.5,
      down * rows - Math.floor(i / cols) - 0.5,
      Math.cos(4 * location.yaw),
      Math.sin(4 * location.yaw),
    );
  });
  return { features, targets: Float32Array.from(targets), weights: Float32Array.from(near, (i) => all.targets[i]) };
}

const gridOf = ({ data, prefix, channels }: ImageTokens): Float32Array => data.subarray(prefix * channels);

/** Returns the distance of two locations in meters. */
export const distance = (a: Location, b: Location): number => Math.hypot(a.x - b.x, a.y - b.y);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle - 0.5)] + sorted[Math.ceil(middle - 0.5)]) / 2;
}
