/**
 * Localization of the cube in the tokens of a picture: a heat map by ridge regression, and at each token, by another one, the offset from the token's
 * center to the cube's and the cube's turn. The tokens around the peak of the heat map vote.
 */
import { fitRidge, type ImageTokens, openProbe } from "s2-vision/heads";
import type { OpenGraph } from "s2-vision/onnx";
import { makeRandom, shuffled } from "s2-vision/train";
import { type Place, quarterTurn } from "./arm.ts";
import type { Camera } from "./camera.ts";

/** A picture's tokens and the cube's true place. */
export interface PlacedTokens {
  readonly tokens: ImageTokens;
  readonly place: Place;
}

type Probe = Awaited<ReturnType<typeof fitRidge>>["head"];

export interface Localizer {
  readonly camera: Camera;
  /** Deviation of the bump around the cube in the heat map's targets, in tokens. */
  readonly spread: number;
  readonly heat: Probe;
  readonly offset: Probe;
}

export interface FoundPlace extends Place {
  /** Heat of each token, row by row. */
  readonly heat: Float32Array;
}

/** Regularizations and spreads that are tried on the validation pictures. */
const alphas = [1, 10, 100, 1e3, 1e4, 1e5];
const spreads = [0.5, 0.8, 1.2];
/** Weight in the votes below which a token does not count. */
const least = 1e-3;

/** Fits a localizer; spread and regularization are chosen on a fifth of the pictures, and the fit with these is to all of them. */
export async function fitLocalizer(all: readonly PlacedTokens[], camera: Camera, openGraph: OpenGraph): Promise<Localizer> {
  const order = shuffled(all.length, makeRandom(1)).map((i) => all[i]);
  const held = Math.max(1, Math.floor(all.length / 5));
  const [validation, train] = [order.slice(0, held), order.slice(held)];
  let best = { error: Number.POSITIVE_INFINITY, spread: spreads[0], heat: 0, offset: 0 };
  for (const spread of spreads) {
    const trial = await fitOnce(train, validation, camera, spread, { heat: alphas, offset: alphas }, openGraph);
    const found = await localize(
      trial.localizer,
      validation.map(({ tokens }) => tokens),
      openGraph,
    );
    const error = median(found.map((place, i) => distance(place, validation[i].place)));
    if (error < best.error) best = { error, spread, heat: trial.heat, offset: trial.offset };
  }
  const { spread, heat, offset } = best;
  return (await fitOnce(all, undefined, camera, spread, { heat: [heat], offset: [offset] }, openGraph)).localizer;
}

async function fitOnce(
  train: readonly PlacedTokens[],
  validation: readonly PlacedTokens[] | undefined,
  camera: Camera,
  spread: number,
  alpha: { readonly heat: readonly number[]; readonly offset: readonly number[] },
  openGraph: OpenGraph,
) {
  const { channelsPerScale } = train[0].tokens;
  const batches = (pictures: readonly PlacedTokens[], rowsOf: (picture: PlacedTokens) => ReturnType<typeof heatRows>) =>
    function* () {
      for (const picture of pictures) yield rowsOf(picture);
    };
  const fitRows = (
    rowsOf: (picture: PlacedTokens) => ReturnType<typeof heatRows>,
    names: readonly string[],
    tried: readonly number[],
  ) =>
    fitRidge(batches(train, rowsOf), {
      ...{ names, channelsPerScale, alpha: tried, openGraph },
      ...(validation && { validation: batches(validation, rowsOf) }),
    });
  const heat = await fitRows((picture) => heatRows(picture, camera, spread), ["heat"], alpha.heat);
  const offset = await fitRows((picture) => offsetRows(picture, camera, spread), offsets, alpha.offset);
  const localizer: Localizer = { camera, spread, heat: heat.head, offset: offset.head };
  return { localizer, heat: heat.chosen.regularization, offset: offset.chosen.regularization };
}

const offsets = ["across", "down", "cos 4 yaw", "sin 4 yaw"];

/** Localizes the cube in pictures. */
export async function localize(
  { camera, spread, heat, offset }: Localizer,
  pictures: readonly ImageTokens[],
  openGraph: OpenGraph,
): Promise<FoundPlace[]> {
  const [heatProbe, offsetProbe] = [await openProbe(heat, openGraph), await openProbe(offset, openGraph)];
  const found: FoundPlace[] = [];
  for (const tokens of pictures) {
    const features = gridOf(tokens);
    const map = Float32Array.from(await heatProbe.predict(features));
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
): Place {
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

/** Rows of the heat map's regression: every token, and a bump around the cube's center. */
function heatRows({ tokens, place }: PlacedTokens, camera: Camera, spread: number) {
  const { rows, cols } = tokens.grid;
  const [across, down] = camera.project(place.x, place.y);
  const targets = new Float32Array(rows * cols);
  for (let i = 0; i < targets.length; i++)
    targets[i] = bump((i % cols) + 0.5 - across * cols, Math.floor(i / cols) + 0.5 - down * rows, spread);
  return { features: gridOf(tokens), targets, weights: new Float32Array(targets.length).fill(1) };
}

/** Rows of the offset's regression: the tokens around the cube, weighted as they vote. */
function offsetRows(picture: PlacedTokens, camera: Camera, spread: number) {
  const { tokens, place } = picture;
  const { rows, cols } = tokens.grid;
  const { channels } = tokens;
  const all = heatRows(picture, camera, spread);
  const [across, down] = camera.project(place.x, place.y);
  const near = [...all.targets.keys()].filter((i) => all.targets[i] > least);
  const features = new Float32Array(near.length * channels);
  const targets: number[] = [];
  near.forEach((i, at) => {
    features.set(all.features.subarray(i * channels, (i + 1) * channels), at * channels);
    targets.push(
      across * cols - (i % cols) - 0.5,
      down * rows - Math.floor(i / cols) - 0.5,
      Math.cos(4 * place.yaw),
      Math.sin(4 * place.yaw),
    );
  });
  return { features, targets: Float32Array.from(targets), weights: Float32Array.from(near, (i) => all.targets[i]) };
}

const gridOf = ({ data, prefix, channels }: ImageTokens): Float32Array => data.subarray(prefix * channels);

/** Returns the distance of two places in meters. */
export const distance = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle - 0.5)] + sorted[Math.ceil(middle - 0.5)]) / 2;
}
