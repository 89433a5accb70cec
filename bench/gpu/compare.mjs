/**
 * Photos at scales 1, 2, 3: this package on a device against the authors' wrapper in PyTorch, in turns, in one process and its child. Prints
 * a line of JSON whenever it knows more; the last one holds.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { s2 } from "s2-vision";
import { extract, loadModel } from "s2-vision/node";
import { spread, takeTurns } from "../timing.mjs";
import { difference, openSession, tensor } from "./graphs.mjs";
import { height, makePhotos, prepare, width } from "./images.mjs";
import { buildS2, hubFolder, mean, modelArgs, scales, sizes, std } from "./models.mjs";

const names = ["size", "work", "device", "torch", "s2wrapper", "python", "seconds"];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
const { size, work, device } = values;
const { image: side, architecture, photos: count } = sizes[size];
const folder = hubFolder(work, size);
const photos = makePhotos(count);
const { bytes, images } = prepare(photos, side);
const options = { scales, numPrefixToken: 1 };
const result = { size, photos: photos.length, scales };

const starting = values.torch ? startTorch().catch((error) => void (result.torchFailed = error.message)) : undefined;
process.on("warning", ({ code, message }) => {
  if (code === "S2_DEVICE") throw new Error(message); // the processor would be measured instead
});
const model = await loadModel(folder, { device });
const oneFile = await openSession(buildS2(work, size), device);
const fromBytes = await openSession(buildS2(work, size, { pixels: { mean, std } }), device);
const ours = {
  extract: async () => {
    for (const photo of photos) await extract(model, photo, { scales, fit: "squash" });
  },
  extractTogether: () => Promise.all(photos.map((photo) => extract(model, photo, { scales, fit: "squash" }))),
  s2: () => s2(model, images, options),
  oneFile: () => oneFile.run({ pixel_values: tensor(images) }),
  oneFileOfBytes: () => fromBytes.run({ pixels: tensor(bytes) }),
};
const theirs = await starting; // it started while the sessions did
if (theirs) result.versions = theirs.versions;
const outputs = { s2: await ours.s2(), oneFile: (await ours.oneFile()).features };
result.differences = {
  oneFileToS2: difference(outputs.oneFile.data, outputs.s2.data),
  ...(theirs && { s2ToTorch: difference(outputs.s2.data, theirs.features()) }),
};
console.log(JSON.stringify(result));

const sides = { ...ours, ...theirs?.sides };
const start = performance.now();
const times = await takeTurns(sides, {
  ...{ rounds: 15, warmUp: size === "toy" ? 0 : 2 },
  until: start + Number(values.seconds) * 1000,
  onRound: (times) => console.log(JSON.stringify({ ...result, ...summary(times) })),
});
console.log(JSON.stringify({ ...result, ...summary(times) }));
theirs?.end();
await Promise.all([model.dispose(), oneFile.release(), fromBytes.release()]);

function summary(times) {
  const measured = Object.entries(times).filter(([, { ms }]) => ms.length > 0);
  return {
    rounds: times.s2.ms.length,
    ms: Object.fromEntries(measured.map(([name, { ms }]) => [name, spread(ms)])),
  };
}

/** authors.py as a child process, and a side for each precision and kind of work. */
async function startTorch() {
  const paths = Object.fromEntries(["images", "photos", "output"].map((name) => [name, join(work, `${size}.${name}`)]));
  writeFileSync(paths.images, images.data);
  writeFileSync(paths.photos, Buffer.concat(photos.map(({ data }) => data)));
  const given = {
    ...{ s2wrapper: values.s2wrapper, weights: join(folder, "model.safetensors"), architecture },
    ...{ args: JSON.stringify(modelArgs(size)), shape: JSON.stringify([photos.length, height, width, side]) },
    ...{ ...paths, device: values.torch },
  };
  const script = fileURLToPath(new URL("authors.py", import.meta.url));
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(values.python, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("authors.py ended before it answered; its message stands above.");
      if (value.startsWith("{")) return JSON.parse(value); // libraries print too
    }
  };
  const versions = await answer();
  const dtypes = values.torch === "cuda" ? ["float32", "tf32", "float16"] : ["float32"];
  const sources = ["tensor", "device", "photos"].flatMap((kind) => dtypes.map((dtype) => [dtype, kind]));
  const sideOf = ([dtype, kind]) => [
    `torch ${dtype} ${kind}`,
    () => {
      child.stdin.write(`${dtype} ${kind}\n`);
      return answer();
    },
  ];
  return {
    ...{ versions, sides: Object.fromEntries(sources.map(sideOf)), end: () => child.stdin.end() },
    features: () => {
      const read = readFileSync(paths.output);
      return new Float32Array(read.buffer, read.byteOffset, read.length / 4);
    },
  };
}
