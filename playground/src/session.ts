/** State of the page, and listeners for its changes. */
import type { S2Plan } from "s2-vision";
import type { ImageTokens } from "s2-vision/heads";
import type { Features, Photo, Pixels, WebModel } from "s2-vision/web";

/** The image, and a smaller copy for the screen. */
export interface Shown {
  readonly name: string;
  readonly image: Photo;
  readonly drawn: Pixels;
}

export interface Loaded {
  readonly name: string;
  readonly model: WebModel;
  /** The model as an ONNX file. */
  readonly file: () => Promise<Uint8Array>;
  /** Milliseconds for one tile. */
  readonly tileMs: number;
}

/** The image's features on the grid of the finest scale. */
export interface Extracted {
  readonly features: Features;
  readonly tokens: ImageTokens;
}

export interface Session {
  shown?: Shown;
  loaded?: Loaded;
  /** Rising multiples of the model's size. */
  scales: readonly number[];
  /** The largest fraction of an image's tiles that run, those of most detail. */
  tileFraction: number;
  plan?: S2Plan;
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

/** Options of every plan of the page, those of preset "dense": written out, because the browser keeps vectors longer than a version's defaults last. */
export function planOptions() {
  const { scales, tileFraction } = session;
  return { scales, tileFraction, fit: "whole", fusion: "bilinear", outputScale: "finest" } as const;
}

/** "1x+2x+3x". */
export const scaleNames = (scales: readonly number[]): string => scales.map((scale) => `${scale}x`).join("+");
