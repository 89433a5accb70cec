/** Click a place of an image, find the places that look like it: node examples/similar-regions.mjs IMAGE MODEL X Y */
import { extract, loadModel } from "s2-vision/node";

const [image, folder, x, y] = process.argv.slice(2);
const model = await loadModel(folder);
const { data, dims, plan, tokenAt, boxOf } = await extract(model, image, { scales: [1, 2, 3], resizeOutputToIdx: -1 });
await model.dispose();

const [, tokens, channels] = dims;
const vector = (token) => data.subarray(token * channels, (token + 1) * channels);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

const clicked = tokenAt(Number(x), Number(y));
const similar = [];
for (let token = plan.numPrefixToken; token < tokens; token++)
  similar.push({ token, cosine: cosine(vector(token), vector(clicked)) });
similar.sort((a, b) => b.cosine - a.cosine);
for (const { token, cosine } of similar.slice(0, 5)) {
  const { left, top, width, height } = boxOf(token);
  console.log(`${cosine.toFixed(3)}  ${Math.round(left + width / 2)},${Math.round(top + height / 2)}`);
}
