/** Types of browser.mjs, for the tests. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Browser } from "playwright-core";

export const root: string;
export function findChromium(): string | undefined;
export const noChromium: string | undefined;
export function startChromium(args?: readonly string[]): Promise<Browser>;

export type Answer = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);
export interface Pages {
  readonly url: string;
  /** As asked for, in order; with the method before it when that is not GET. */
  readonly paths: string[];
  close(): Promise<unknown>;
}
export function servePages(options?: {
  folders?: readonly string[];
  answers?: Record<string, Answer>;
  isolated?: boolean;
  headers?: Record<string, string>;
}): Promise<Pages>;
