/** Indexes toy photos into LanceDB until it is killed: index-child.mjs FOLDER COUNT; ends by itself when all are there. */
import { addPhotos, openIndex } from "../../dist/retrieval.js";
import { openVectors } from "../../dist/node.js";

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const label = { model: "toy", modelHash: "1", plan: "{}", pooling: "mean", regions: { window: 1, stride: 1 } };
const store = await openVectors(folder);
const index = await openIndex(store, label);
const known = await store.photos();
for (let i = 0; i < count; i++) {
  if (known.has(`${i}`)) continue;
  const vector = Float32Array.from({ length: 8 }, (_, c) => Math.sin(i * 8 + c));
  const vectors = Float32Array.from({ length: 24 }, (_, c) => Math.cos(i * 24 + c));
  const boxes = Float64Array.from({ length: 12 }, (_, c) => i + c);
  await addPhotos(index, [{ path: `${i}`, mark: "1", size: [10, 20], vector, regions: { vectors, boxes } }]);
  console.log(i);
}
await store.close();
