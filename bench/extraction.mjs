/**
 * Features of the photos in a folder, as every command makes them (read, decoded, resized, cut, run, fused, kept in a store), against raw onnxruntime
 * runs of as many tiles: DeiT-Tiny, one thread. Once with small photos at scales 1, 2, 3, where the model has most of the work, once with photos of a few
 * megapixels at scales 1, 2, where decoding and resizing have (a dozen photos, each three times). Photos and raw tiles take turns.
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
import { ratio, spread, takeTurns } from "./timing.mjs";

const data = join(dirname(dirname(deitTiny)), "data");
const folders = {
  "small photos": { folder: join(data, "coco128"), scales: [1, 2, 3], tiles: 14, atATime: 8 },
  "photos of 4 megapixels": { folder: join(data, "examples"), scales: [1, 2], tiles: 5, atATime: 36 },
};
skipIf(missing(deitTiny, ...Object.values(folders).map(({ folder }) => folder)));

const [rounds, batch] = [7, 4]; // 4: as many as `loadModel` runs at a time, and as fast as any
const model = await loadModel(deitTiny, { threads: 1 });
const session = await ort.InferenceSession.create(join(deitTiny, "onnx/model.onnx"), {
  ...{ intraOpNumThreads: 1, interOpNumThreads: 1, enableCpuMemArena: false, logSeverityLevel: 4 },
  extra: { session: { force_spinning_stop: "1" } },
});
const tiles = noise([batch, 3, 224, 224]).data;

const sides = {};
for (const [name, { folder, scales, tiles: perImage, atATime }] of Object.entries(folders)) {
  const images = readdirSync(folder, { recursive: true })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .sort();
  let next = 0;
  sides[name] = async () => {
    // The store has none of these names, also where a photo comes again.
    const chosen = Array.from({ length: atATime }, (_, i) => `${i}/${images[next++ % images.length]}`);
    const kept = mkdtempSync(join(tmpdir(), "s2-bench-"));
    const options = {
      ...{ model, modelName: "deit", modelHash: "bench", version: "bench" },
      ...{ extraction: { scales, fit: "squash" }, store: openStore(kept) },
      read: async (path) => new Uint8Array(await readFile(join(folder, path.slice(path.indexOf("/") + 1)))),
      decode: (bytes) => loadImage(bytes),
    };
    for await (const { image, issue } of extractImages(chosen, options)) if (issue) throw new Error(`${image}: ${issue}`);
    rmSync(kept, { recursive: true });
  };
  sides[`${name}, their tiles alone`] = () => runTiles(atATime * perImage);
}
const times = await takeTurns(sides, { rounds, warmUp: 1 });
await model.dispose();

const ratios = Object.fromEntries(
  Object.keys(folders).map((name) => [`${name} / their tiles`, ratio(times[name], times[`${name}, their tiles alone`])]),
);
finish(
  "extraction",
  Object.entries(ratios).map(([name, { wall }]) => ({
    name: `features of ${name} by raw onnxruntime`,
    value: wall,
    unit: "x",
    bar: 1.05,
  })),
  { rounds, ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])), ratios },
);

async function runTiles(count) {
  for (let done = 0; done < count; done += batch) {
    const dims = [Math.min(batch, count - done), 3, 224, 224];
    const values = tiles.subarray(0, dims[0] * 3 * 224 * 224);
    await session.run({ pixel_values: new ort.Tensor("float32", values, dims) }, ["last_hidden_state"]);
  }
}
