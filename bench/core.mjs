/** The core alone: resize, cut, pool and concat of scales 1, 2, 3 at 224 with a model that answers at once; and its kernels one by one. */
import { resize, s2, splitChessboard } from "s2-vision";
import { noise } from "./noise.mjs";
import { finish } from "./result.mjs";
import { median, round, spread, takeTurns } from "./timing.mjs";

const images = noise([1, 3, 224, 224]);
const outputs = new Map([1, 4, 9].map((n) => [n, noise([n, 197, 192])]));
const laps = { prepare: [[], [], []], pool: [[], [], []] };

const complete = await takeTurns({ s2: s2Once }, { rounds: 101, warmUp: 20 });
const large = resize(images, [672, 672]);
const kernels = await takeTurns(
  {
    "resize 224 to 448": async () => void resize(images, [448, 448]),
    "resize 224 to 672": async () => void resize(images, [672, 672]),
    "cut 672 into 9 tiles (splitChessboard)": async () => void splitChessboard(large, 3, 3),
  },
  { rounds: 101, warmUp: 20 },
);

const scale = (i) => `${i + 1}`;
finish("core", [{ name: "core of scales 1, 2, 3 at 224", value: round(median(complete.s2.ms)), unit: "ms", bar: 20 }], {
  rounds: complete.s2.ms.length,
  ms: {
    "all of s2": spread(complete.s2.ms),
    ...Object.fromEntries(laps.prepare.map((ms, i) => [`resize and cut, scale ${scale(i)}`, spread(ms.slice(20))])),
    ...Object.fromEntries(laps.pool.map((ms, i) => [`pool and concat, scale ${scale(i)}`, spread(ms.slice(20))])),
    ...Object.fromEntries(Object.entries(kernels).map(([name, { ms }]) => [name, spread(ms)])),
  },
});

// `s2` prepares a scale before it reads what the model gave for the one before (a model in a thread works meanwhile). So the marks are the
// model's calls, the moment that an output is first read, and `onScale`.
async function s2Once() {
  let last = performance.now();
  const lap = (list) => {
    const now = performance.now();
    list?.push(now - last);
    last = now;
  };
  let prepared = 0;
  let pooled = 0;
  const model = ({ dims: [n] }) => {
    if (prepared === 0) lap(laps.prepare[prepared++]);
    else last = performance.now();
    const { dims, data } = outputs.get(n);
    let read = false;
    return {
      data,
      get dims() {
        if (!read) lap(laps.prepare[prepared++]);
        read = true;
        return dims;
      },
    };
  };
  const onScale = () => lap(laps.pool[pooled++]);
  await s2(model, images, { scales: [1, 2, 3], numPrefixToken: 1, onScale });
}
