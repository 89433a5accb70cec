/** Runs a toy model on the device "webgpu" of Node and on the processor and prints how far the features differ; a process of its own, because the driver is read from the environment. */
import { s2 } from "../../dist/core.js";
import { extract, loadModel } from "../../dist/node.js";

const [file] = process.argv.slice(2);
const preprocessing = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3], rescale: 1 / 255, filter: "bicubic" };
const options = { patchSize: 4, prefixTokens: 1, preprocessing };
const notices = [];
process.on("warning", ({ message }) => notices.push(message));
const [cpu, gpu] = [await loadModel(file, options), await loadModel(file, { ...options, device: "webgpu" })];

let onDevice = 0;
const counted = Object.assign((images) => gpu(images), gpu, {
  runOnDevice: async (...given) => {
    const result = await gpu.runOnDevice?.(...given);
    if (result) onDevice++;
    return result;
  },
});

const noise = (length, seed) => Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * seed * 12.9898) % 1);
const images = { dims: [2, 3, 16, 16], data: noise(2 * 3 * 256, 1) };
const photos = [
  [61, 43],
  [40, 70],
  [61, 43],
].map(([width, height], n) => ({
  ...{ width, height, channels: 3 },
  data: Uint8Array.from(noise(width * height * 3, n + 2), (value) => 127.5 + 127.5 * value),
}));
const worst = (a, b) => a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);

const plans = [
  { scales: [1, 2, 3] },
  { imgSizes: [16, 40], splitMode: "pad", fusion: "aligned" },
  { imgSizes: [16, [24, 40]], splitMode: "cover", fusion: "bilinear" },
];
const result = { floats: [], bytes: [] };
for (const plan of plans) {
  const asked = { ...plan, maxSplitSize: 16, numPrefixToken: 1 };
  result.floats.push(worst(await s2(counted, images, asked), await s2(cpu, images, asked)));
}
for (const view of [{}, { fit: "squash", scales: [1, 2, 3] }]) {
  const features = await Promise.all(photos.map((photo) => extract(counted, photo, view)));
  for (const [i, photo] of photos.entries()) result.bytes.push(worst(features[i], await extract(cpu, photo, view)));
}
const plain = { dims: [3, 3, 16, 16], data: noise(3 * 3 * 256, 9) };
result.model = worst(await gpu(plain), await cpu(plain));
console.log(JSON.stringify({ ...result, onDevice, notices }));
await Promise.all([cpu.dispose(), gpu.dispose()]);
