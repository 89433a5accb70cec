/** Reading config.json: values of the kind that a model needs, or a refusal. */
import { S2Error } from "../core/index.ts";
import type { Config, Size } from "./architecture.ts";

/** A number of the config; null counts as left out, where the library's class has a default. */
export function number(config: Config, key: string, otherwise?: number): number {
  const value = config[key] ?? otherwise;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw wrong(key, value, "a number");
}

/** More than any model has of anything: damage, which would take all memory. */
const most = 2 ** 20;
/** 4096x4096: the position tables and windows of larger images take gigabytes. */
export const mostPixels = 2 ** 24;

/** A count or a length: a whole number of at least `least`. */
export function integer(config: Config, key: string, otherwise?: number, least = 1): number {
  const value = number(config, key, otherwise);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(key, value, `a whole number of at least ${least} and at most ${most}`);
}

/** Pixels: one number for a square, or [height, width]. */
export function size(config: Config, key: string, otherwise?: number): Size {
  const value = config[key] ?? otherwise;
  const sides = Array.isArray(value) ? value : [value, value];
  const valid = sides.length === 2 && sides.every((side) => Number.isInteger(side) && side > 0);
  if (valid && sides[0] * sides[1] <= mostPixels) return [sides[0], sides[1]];
  throw wrong(key, value, `whole pixels, one number or [height, width], of at most ${mostPixels} in all`);
}

/** Pixels of what must be square here. */
export function side(config: Config, key: string, otherwise?: number): number {
  const [height, width] = size(config, key, otherwise);
  if (height === width) return height;
  throw wrong(key, config[key], "a square");
}

export function flag(config: Config, key: string, otherwise?: boolean): boolean {
  const value = config[key] ?? otherwise;
  if (typeof value === "boolean") return value;
  throw wrong(key, value, "true or false");
}

/** A config within a config, empty where there is none. */
export function nested(config: Config, key: string): Config {
  const value = config[key] ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Config;
  throw wrong(key, value, "an object");
}

function wrong(key: string, value: unknown, expected: string): S2Error {
  return new S2Error("architecture", `config.json has ${key} ${JSON.stringify(value)}; expected ${expected}.`);
}

/** Refuses heads that the channels do not divide into. */
export function checkHeads(dim: number, heads: number): void {
  if (dim % heads === 0) return;
  throw new S2Error("architecture", `${dim} channels do not divide into ${heads} heads; check config.json.`);
}
