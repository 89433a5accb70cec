/** State of the page, and listeners for its changes. */
import type { S2Plan } from "s2-vision";
import type { ImageTokens } from "s2-vision/heads";
import type { Features, outputMap, Photo, Pixels, WebModel } from "s2-vision/web";

/** An image that comes with the page. */
export interface Example {
  readonly name: string;
  readonly address: string;
  /** Address of features that scripts/precompute-playground.mjs made. */
  readonly features?: string;
  /** Places to compare, in pixels of the image; the first is chosen. */
  readonly spots?: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}

/** The image, and a smaller copy for the screen. */
export interface Shown {
  /** The file's name. */
  readonly name: string;
  readonly image: Photo;
  readonly drawn: Pixels;
  readonly example?: Example;
  /** Path of an image of the album. */
  readonly kept?: string;
}

export interface Loaded {
  readonly name: string;
  /** True for the model that comes with the page. */
  readonly bundled: boolean;
  readonly model: WebModel;
  /** The model as an ONNX file. */
  readonly file: () => Promise<Uint8Array>;
  /** Milliseconds for one tile. */
  readonly tileMs: number;
}

/** One scale's tokens, on the grid of the finest scale. */
export type ScaleMap = NonNullable<ReturnType<typeof outputMap>>;

/** The image's features on the grid of the finest scale. */
export interface Extracted {
  readonly tokens: ImageTokens;
  readonly maps: readonly ScaleMap[];
  /** All channels; missing where the features came with the page. */
  readonly features?: Features;
}

export interface Session {
  shown?: Shown;
  loaded?: Loaded;
  /** Rising multiples of the model's size. */
  scales: readonly number[];
  /** The largest fraction of an image's tiles that run, those of most detail. */
  tileFraction: number;
  plan?: S2Plan;
  /** Scales that are done, while an extraction runs. */
  maps?: readonly ScaleMap[];
  extracted?: Extracted;
}

export const session: Session = { scales: [1, 2, 3], tileFraction: 1 };

type Key = keyof Session;
const listeners: { keys: readonly Key[]; listen: () => void }[] = [];

/** Calls `listen` after one of the keys was set. */
export function onChange(keys: readonly Key[], listen: () => void): void {
  listeners.push({ keys, listen });
}

export function set(change: Partial<Session>): void {
  Object.assign(session, change);
  for (const { keys, listen } of listeners) if (keys.some((key) => key in change)) listen();
}

/** Sets what features depend on: those of before, and those that are being extracted, are no longer shown. */
export function setInput(change: Pick<Session, "shown" | "loaded"> & Partial<Pick<Session, "scales" | "tileFraction">>): void {
  set({ ...change, extracted: undefined, maps: undefined });
}

/** Options of every plan of the page, those of preset "dense": written out, because the browser keeps vectors longer than a version's defaults last. */
export function planOptions() {
  const { scales, tileFraction } = session;
  return { scales, tileFraction, fit: "whole", fusion: "bilinear", outputScale: "finest" } as const;
}

/** "1x+2x+3x". */
export const scaleNames = (scales: readonly number[]): string => scales.map((scale) => `${scale}x`).join("+");

/** Captions of the two sides of a comparison, "1x" and "S²: 1x+2x+3x"; one where there is only one scale. */
export function sides(): readonly string[] {
  const { scales } = session;
  return scales.length > 1 ? [scaleNames(scales.slice(0, 1)), `S²: ${scaleNames(scales)}`] : [scaleNames(scales)];
}

/** One scale as tokens of an image that the grid covers evenly. */
export function tokensOfMap({ rows, cols, channels, data }: ScaleMap, size: readonly [number, number]): ImageTokens {
  return { data, channels, prefix: 0, grid: { rows, cols }, channelsPerScale: [channels], size };
}

/** A file's name without its ending, for the names of downloads. */
export const stem = (name: string): string => name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "") || "image";
