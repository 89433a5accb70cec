/** The thread that decodes one large image. */
import { parentPort, workerData } from "node:worker_threads";
import { decodeImage } from "./decode-image.ts";
import type { ThreadWork } from "./image-thread.ts";

const { bytes, metadata, options } = workerData as ThreadWork;
const rgb = await decodeImage(bytes, metadata, options);
parentPort!.postMessage(rgb, [rgb.data.buffer as ArrayBuffer]);
