/**
 * `npm start`: a first impression on a fresh clone. Draws what S² does to an example scene and says in words what to look at; with
 * arguments it is `s2 extract` of the clone.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const given = process.argv.slice(2);
if (given.length > 0) run(process.execPath, [join(root, "dist/cli/main.js"), "extract", ...given], { cwd: process.cwd() });
else
  await showOverview().catch(({ message }) => {
    console.error(`error: ${message}`);
    process.exitCode = 1;
  });

async function showOverview() {
  const { loadModel, savePng } = await import("s2-vision/node");
  const { refuseForeign } = await import("../dist/runtimes/node/index.js");
  const { default: sharp } = await import("sharp");
  const { drawOverview, hasFont, street } = await import("./overview.mjs");
  const scene = relative("", join(root, street.image));
  const picture = join("features", "overview.png");
  refuseForeign([{ path: picture }]);
  const model = await loadModel();
  const start = performance.now();
  const { svg, features } = await drawOverview(model, scene, street);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  await model.dispose();
  const { data, info } = await sharp(svg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  await savePng({ width: info.width, height: info.height, channels: 3, data }, picture);

  const { plan, grid, dims } = features;
  const [first, second, third] = plan.scales.map(({ tiles }) => tiles.length);
  console.log(`S² ran the included model, s2-tiny, on ${scene} at three scales: the whole image at once (${first} tile),
then at 2x and 3x, cut into ${second} and ${third} tiles of the model's size. It took ${seconds} s and gave ${grid.rows} x ${grid.cols} tokens of ${dims[2]} numbers.

Look at ${picture}, row by row${(await hasFont()) ? "" : " (without captions, for no font is installed)"}:
  1. One ${street.object} is marked. Bright is what the model finds similar to it: on the left by one scale, on the right by all three (S²).
  2. The framed part as the model gets it: at 1x a few coarse patches, at 3x many fine ones.
  3. The features of each scale as colors. Similar colors are similar features, in all three panels.

Try next:
  npx s2 similar ${scene} --at 130,770 --scales 1,2,3
      what is similar to the red car; --at takes any pixel of any image
  npx s2 extract ${relative("", join(root, "examples/scenes/shelf.png"))} --scales 1,2,3 --picture
      features in a file, for your own programs; an image or a folder of yours works as well
  npm run playground
      all of it in your browser, with your own images, which stay there`);
}
