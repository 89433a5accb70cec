/** Collects toy features of the photos in a folder into a store; writes a line for each photo that the model saw into a file and to stdout. */
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { collectFeatures } from "../../dist/tasks.js";
import { loadImage, openStore } from "../../dist/node.js";

const [photos, folder, log] = process.argv.slice(2);
const means = async ({ dims: [batch], data }) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const tokens = new Float32Array(batch * 4 * 8);
  tokens.forEach((_, i) => (tokens[i] = data[(i * 31) % data.length] + i));
  return { dims: [batch, 4, 8], data: tokens };
};
means.traits = { imageSize: [32, 32], patchSize: 16, prefixTokens: 0, layout: "bnc" };

const names = readdirSync(photos).sort();
const collection = {
  ...{ model: means, modelName: "toy", modelHash: "1", version: "1", look: { scales: [1, 2], fit: "squash" }, store: openStore(folder) },
  read: async (name) => new Uint8Array(readFileSync(join(photos, name))),
  decode: (bytes) => loadImage(bytes),
  onPhoto: ({ photo, from }) => from === "model" && (appendFileSync(log, `${photo}\n`), console.log(photo)),
};
for await (const _ of collectFeatures(names, collection));
