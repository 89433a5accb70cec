/**
 * Features of many images, as every command makes them (read, decoded, resized, cut, run, stitched, kept in a store), against raw onnxruntime
 * runs of as many tiles: scales 1, 2, 3 of DeiT-Tiny, 400 images, one thread. Images and raw tiles take turns, ten images at a time.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { loadImage, loadModel, openStore } from "s2-vision/node";
import { extractImages } from "s2-vision/tasks";
import { noise } from "./noise.mjs";
import { deitTiny, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { round, spread, takeTurns } from "./timing.mjs";

const folder = join(dirname(dirname(deitTiny)), "data/images");
skipIf(missing(deitTiny, folder));

const [count, atATime, tilesPerImage, batch] = [400, 10, 14, 7]; // 7: as overhead.mjs finds it, the spread is small
const images = readdirSync(folder, { recursive: true })
  .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
  .sort()
  .slice(0, count);
const model = await loadModel(deitTiny, { threads: 1 });
const session = await ort.InferenceSession.create(join(deitTiny, "onnx/model.onnx"), {
  ...{ intraOpNumThreads: 1, interOpNumThreads: 1, enableCpuMemArena: false, logSeverityLevel: 4 },
  extra: { session: { force_spinning_stop: "1" } },
});
const tiles = new ort.Tensor("float32", noise([batch, 3, 224, 224]).data, [batch, 3, 224, 224]);
const kept = mkdtempSync(join(tmpdir(), "s2-bench-"));
const options = {
  ...{
    model,
    modelName: "deit",
    modelHash: "bench",
    version: "bench",
    extraction: { scales: [1, 2, 3], fit: "squash" },
    store: openStore(kept),
  },
  read: async (path) => new Uint8Array(await readFile(join(folder, path))),
  decode: (bytes) => loadImage(bytes),
};

let next = 0;
const times = await takeTurns(
  {
    async images() {
      const chosen = images.slice(next, next + atATime);
      next += atATime;
      for await (const { image, issue } of extractImages(chosen, options)) {
        if (issue) throw new Error(`${image}: ${issue}`);
      }
    },
    async tiles() {
      for (let done = 0; done < atATime * tilesPerImage; done += batch) await session.run({ pixel_values: tiles });
    },
  },
  { rounds: count / atATime, warmUp: 0 },
);
await model.dispose();
rmSync(kept, { recursive: true });

const total = (name) => times[name].ms.reduce((sum, ms) => sum + ms, 0);
finish(
  "extraction",
  [
    {
      name: `features of ${count} images / raw onnxruntime, their tiles`,
      value: round(total("images") / total("tiles")),
      unit: "x",
      bar: 1.1,
    },
  ],
  { images: count, ms: { images: spread(times.images.ms), tiles: spread(times.tiles.ms) } },
);
