/** The process whose memory is measured: loads the model, extracts the same image N times, reports its resident memory in MB. */
import { Worker } from "node:worker_threads";
import { extract, loadModel } from "s2-vision/node";

const [, , folder, image, count] = process.argv;
const imgSizes = [224, 448, 896, 1344, 1792];

// The sampler has its own thread, as decoding and resizing hold this one.
const peak = new Int32Array(new SharedArrayBuffer(4));
const sampler = new Worker(
  `const peak = require("node:worker_threads").workerData;
   setInterval(() => { peak[0] = Math.max(peak[0], process.memoryUsage.rss() / 1024); }, 5);`,
  { eval: true, workerData: peak },
);
const megabytes = (kilobytes) => Math.round(kilobytes / 102.4) / 10;
const now = () => megabytes(process.memoryUsage.rss() / 1024);

const model = await loadModel(folder);
await new Promise((resolve) => setTimeout(resolve, 200));
gc();
const loaded = now();
const highWaterLoaded = megabytes(process.resourceUsage().maxRSS);

const images = [];
let tiles;
for (let i = 0; i < Number(count); i++) {
  peak[0] = 0;
  const start = performance.now();
  const features = await extract(model, image, { imgSizes });
  tiles = features.plan.tiles;
  images.push({ peak: megabytes(Math.max(peak[0], process.memoryUsage.rss() / 1024)), after: now(), seconds: seconds(start) });
}
const highWater = megabytes(process.resourceUsage().maxRSS);
await model.dispose();
await sampler.terminate();
process.send({ imgSizes, tiles, loaded, highWaterLoaded, highWater, images });
process.disconnect();

function seconds(start) {
  return Math.round((performance.now() - start) / 10) / 100;
}
