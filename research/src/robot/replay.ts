/** Scenes of a recording between its steps, for films at more than 10 pictures a second. */
import { POSE } from "./geometry.ts";

/** Interpolates the poses of an episode at a time in steps; after its end they stay. */
export function posesAt({ poses }: { readonly poses: readonly ArrayLike<number>[] }, time: number): Float64Array {
  const index = Math.min(Math.floor(time), poses.length - 1);
  const [from, to] = [poses[index], poses[Math.min(index + 1, poses.length - 1)]];
  const fraction = time - Math.floor(time);
  const mixed = Float64Array.from(from, (value, i) => value + fraction * (to[i] - value));
  for (let at = 0; at < mixed.length; at += POSE) turn(mixed, from, to, fraction, at + 3);
  return mixed;
}

/** Interpolates a quaternion along the shorter way and scales it to length 1. */
function turn(mixed: Float64Array, from: ArrayLike<number>, to: ArrayLike<number>, fraction: number, at: number): void {
  let cosine = 0;
  for (let i = at; i < at + 4; i++) cosine += from[i] * to[i];
  const sign = cosine < 0 ? -1 : 1;
  let length = 0;
  for (let i = at; i < at + 4; i++) {
    mixed[i] = from[i] + fraction * (sign * to[i] - from[i]);
    length += mixed[i] ** 2;
  }
  for (let i = at; i < at + 4; i++) mixed[i] /= Math.sqrt(length);
}
