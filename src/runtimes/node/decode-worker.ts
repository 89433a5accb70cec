/** The thread that decodes one large image. */
import { parentPort, workerData } from "node:worker_threads";
import { type DecodeWork, decodeImage } from "./decode-image.ts";

const { bytes, metadata, options } = workerData as DecodeWork;
const rgb = await decodeImage(bytes, metadata, options);
parentPort!.postMessage(rgb, [rgb.data.buffer as ArrayBuffer]);
