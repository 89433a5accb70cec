/** The thread that decodes one large photo. */
import { parentPort, workerData } from "node:worker_threads";
import { decodePhoto } from "./decode-photo.ts";
import type { ThreadWork } from "./photo-thread.ts";

const { bytes, metadata, options } = workerData as ThreadWork;
const rgb = await decodePhoto(bytes, metadata, options);
parentPort!.postMessage(rgb, [rgb.data.buffer as ArrayBuffer]);
