/** What the page holds at a moment, and who hears when a part of it changes. */
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
  /** Milliseconds that one tile took. */
  readonly tileMs: number;
}

/** The image's features on the grid of the largest scale. */
export interface Seen {
  readonly features: Features;
  readonly tokens: ImageTokens;
}

export interface Session {
  shown?: Shown;
  loaded?: Loaded;
  /** Rising multiples of the model's size. */
  scales: readonly number[];
  plan?: S2Plan;
  seen?: Seen;
}

export const session: Session = { scales: [1, 2, 3] };

type Part = keyof Session;
const listeners: { parts: readonly Part[]; hear: () => void }[] = [];

/** Calls `hear` after one of the parts was set. */
export function onChange(parts: readonly Part[], hear: () => void): void {
  listeners.push({ parts, hear });
}

export function set(change: Partial<Session>): void {
  Object.assign(session, change);
  for (const { parts, hear } of listeners) if (parts.some((part) => part in change)) hear();
}

/** "1x+2x+3x". */
export const scaleNames = (scales: readonly number[]): string => scales.map((scale) => `${scale}x`).join("+");
