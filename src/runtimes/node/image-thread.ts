/** Decodes one large image in a thread of its own, where samples of 16 bits or with alpha become RGB without holding up the caller's. */
import { Worker } from "node:worker_threads";
import type { Metadata } from "sharp";
import type { DecodeOptions, Rgb } from "./decode-image.ts";

export interface ThreadWork {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  readonly options: DecodeOptions;
}

/** Rejects with an Error of sharp's message. */
export function decodeInThread(bytes: Uint8Array, metadata: Metadata, options: DecodeOptions): Promise<Rgb> {
  const workerData: ThreadWork = { bytes, metadata, options };
  const worker = new Worker(new URL("./image-worker.js", import.meta.url), { execArgv: [], workerData });
  return new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
    worker.on("exit", (status) => reject(new Error(`the decoding thread ended with status ${status}`)));
  });
}
