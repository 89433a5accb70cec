/** Collects toy features of the images in a folder into a store; writes a line for each image that the model saw into a file and to stdout. */
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { extractImages } from "../../dist/tasks.js";
import { loadImage, openStore } from "../../dist/node.js";

const [images, folder, log] = process.argv.slice(2);
const means = async ({ dims: [batch], data }) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const tokens = new Float32Array(batch * 4 * 8);
  tokens.forEach((_, i) => (tokens[i] = data[(i * 31) % data.length] + i));
  return { dims: [batch, 4, 8], data: tokens };
};
means.traits = { imageSize: [32, 32], patchSize: 16, prefixTokens: 0, layout: "bnc" };

const names = readdirSync(images).sort();
const collection = {
  ...{ model: means, modelName: "toy", modelHash: "1", version: "1", extraction: { scales: [1, 2], fit: "squash" }, store: openStore(folder) },
  read: async (name) => new Uint8Array(readFileSync(join(images, name))),
  decode: (bytes) => loadImage(bytes),
  onImage: ({ image, from }) => from === "model" && (appendFileSync(log, `${image}\n`), console.log(image)),
};
for await (const _ of extractImages(names, collection));
