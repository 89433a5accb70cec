/** `resizePixels` on an image of 24 megapixels, to a large and to a small size, in turns with Pillow's own `Image.resize` where Python has it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { resizePixels } from "s2-vision/node";
import { bands, filterBoth } from "../dist/images/filter-passes.js"; // no entry exports the passes
import { filterWeights } from "../dist/images/filter-weights.js";
import { drawImage } from "./noise.mjs";
import { missingInPython, python } from "./paths.mjs";
import { finish } from "./result.mjs";
import { median, ratio, round, spread, takeTurns } from "./timing.mjs";

const image = drawImage(6000, 4000);
const sizes = [
  [1792, 2688],
  [224, 336],
];
const noPillow = missingInPython("PIL");
if (noPillow) console.log(`  without Pillow: ${noPillow}`);
const pillow = noPillow ? undefined : startPillow();

const sides = {};
for (const [height, width] of sizes) {
  sides[`${width}x${height}`] = async () => void resizePixels(image, [height, width], "bicubic");
  sides[`${width}x${height}, JavaScript`] = async () => void inJavaScript(image, height, width);
  if (pillow) sides[`${width}x${height}, Pillow`] = () => pillow.run(width, height);
}
const times = await takeTurns(sides, { rounds: 15, warmUp: 3 });
pillow?.end();

const figures = Object.entries(times).map(([name, { ms }]) => ({
  name: `6000x4000 to ${name}`,
  value: round(median(ms)),
  unit: "ms",
}));
if (pillow)
  for (const [height, width] of sizes) {
    const size = `${width}x${height}`;
    figures.push({
      name: `resize to ${size} / Pillow`,
      value: ratio(times[size], times[`${size}, Pillow`]).wall,
      unit: "x",
      bar: 1,
    });
  }
finish("resize", figures, {
  rounds: 15,
  filter: "bicubic",
  ...(pillow && { pillow: await pillow.version }),
  ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
});

/** The passes where WebAssembly is not to be had. */
function inJavaScript({ width, height, data }, outHeight, outWidth) {
  const across = filterWeights("bicubic", width, 0, width, outWidth);
  const down = filterWeights("bicubic", height, 0, height, outHeight);
  return filterBoth(data, width, 3, across, down, bands(down));
}

function startPillow() {
  const script = `
import json, sys, time, PIL
from PIL import Image
image = Image.effect_noise((6000, 4000), 60).convert("RGB")
print(json.dumps(PIL.__version__), flush=True)
for line in sys.stdin:
    size = tuple(map(int, line.split()))
    cpu, start = time.process_time(), time.perf_counter()
    image.resize(size, Image.Resampling.BICUBIC)
    ms = (time.perf_counter() - start) * 1000
    print(json.dumps({"ms": ms, "cpu": (time.process_time() - cpu) * 1000}), flush=True)
`;
  const child = spawn(python, ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value);
  return {
    version: answer(),
    run: (width, height) => {
      child.stdin.write(`${width} ${height}\n`);
      return answer();
    },
    end: () => child.stdin.end(),
  };
}
