/**
 * Features of many photos, as every command makes them (read, decoded, resized, cut, run, stitched, kept in a store), against raw onnxruntime
 * runs of as many tiles: scales 1, 2, 3 of DeiT-Tiny, 400 photos, one thread. Photos and raw tiles take turns, ten photos at a time.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { loadImage, loadModel, openStore } from "s2-vision/node";
import { collectFeatures } from "s2-vision/tasks";
import { noise } from "./noise.mjs";
import { deitTiny, missing } from "./places.mjs";
import { finish, skipIf } from "./result.mjs";
import { round, spread, takeTurns } from "./timing.mjs";

const folder = join(dirname(dirname(deitTiny)), "data/photos");
skipIf(missing(deitTiny, folder));

const [count, atATime, tilesPerPhoto, batch] = [400, 10, 14, 7]; // 7: as overhead.mjs finds it, the spread is small
const photos = readdirSync(folder, { recursive: true })
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
const collection = {
  ...{
    model,
    modelName: "deit",
    modelHash: "bench",
    version: "bench",
    look: { scales: [1, 2, 3], fit: "squash" },
    store: openStore(kept),
  },
  read: async (path) => new Uint8Array(await readFile(join(folder, path))),
  decode: (bytes) => loadImage(bytes),
};

let next = 0;
const times = await takeTurns(
  {
    async photos() {
      const chosen = photos.slice(next, next + atATime);
      next += atATime;
      for await (const { photo, problem } of collectFeatures(chosen, collection)) {
        if (problem) throw new Error(`${photo}: ${problem}`);
      }
    },
    async tiles() {
      for (let done = 0; done < atATime * tilesPerPhoto; done += batch) await session.run({ pixel_values: tiles });
    },
  },
  { rounds: count / atATime, warmUp: 0 },
);
await model.dispose();
rmSync(kept, { recursive: true });

const total = (name) => times[name].ms.reduce((sum, ms) => sum + ms, 0);
finish(
  "collection",
  [
    {
      name: `features of ${count} photos / raw onnxruntime, their tiles`,
      value: round(total("photos") / total("tiles")),
      unit: "x",
      bar: 1.1,
    },
  ],
  { photos: count, ms: { photos: spread(times.photos.ms), tiles: spread(times.tiles.ms) } },
);
