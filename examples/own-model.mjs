/** Any function is a model: node examples/own-model.mjs IMAGE prints where the image has most detail, coarse and fine. */
import { extract } from "s2-vision/node";

const patch = 16;

/** One token per patch, one channel: how much neighboring pixels of the first channel differ. */
function detail({ dims: [n, c, h, w], data }) {
  const [rows, cols] = [h / patch, w / patch];
  const out = new Float32Array(n * rows * cols);
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w - 1; x++) {
        const at = i * c * h * w + y * w + x;
        out[(i * rows + Math.floor(y / patch)) * cols + Math.floor(x / patch)] += Math.abs(data[at + 1] - data[at]);
      }
    }
  }
  return { dims: [n, rows * cols, 1], data: out };
}

const model = Object.assign(detail, { traits: { imageSize: [224, 224], patchSize: patch, prefixTokens: 0, layout: "bnc" } });
const { data, dims, boxOf } = await extract(model, process.argv[2], { scales: [1, 4] });
for (const [channel, name] of ["coarse", "fine"].entries()) {
  let most = 0;
  for (let token = 0; token < dims[1]; token++) if (data[token * 2 + channel] > data[most * 2 + channel]) most = token;
  const { left, top } = boxOf(most);
  console.log(`${name}: ${Math.round(left)},${Math.round(top)}`);
}
