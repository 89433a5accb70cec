/**
 * `npm run pictures`: draws the pictures of README and docs. docs/overview.jpg is the figure of `npm start`; docs/what-the-model-sees.png
 * is one street, and the same corner of it in the pixels that a 224 px model gets at scales 1, 2 and 4; Chromium takes those of the playground.
 */
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const { loadImage, loadModel, planImage, resizePixels, savePng } = await import("s2-vision/node");
const { default: sharp } = await import("sharp");
const { drawOverview, street } = await import("./overview.mjs");
const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const corner = { left: 590, top: 470, width: 224, height: 224 }; // around the fish bar, in pixels of the image
const panel = 448;
const gap = 12;

const image = await loadImage(path("examples/scenes/street.png"));
const plan = planImage(image, { scales: [1, 2, 4] }, { imageSize: [224, 224], patchSize: 16 });

const wide = Math.round((panel * image.width) / image.height);
const drawn = resizePixels(image, [panel, wide], "bicubic");
const k = panel / image.height;
outline(
  drawn,
  { left: corner.left * k, top: corner.top * k, width: corner.width * k, height: corner.height * k },
  [255, 80, 40],
  3,
);
const panels = [drawn];
for (const scale of plan.scales) {
  const seen = resizePixels(image, scale.size, "bicubic");
  const [down, across] = [scale.size[0] / image.height, scale.size[1] / image.width]; // differ at 1x, the whole image in one tile
  const box = [
    corner.left * across,
    corner.top * down,
    (corner.left + corner.width) * across,
    (corner.top + corner.height) * down,
  ];
  const close = resizePixels(seen, [panel, panel], "box", box);
  const zoom = panel / corner.width;
  for (const tile of scale.tiles) {
    const { left, top, width, height } = tile;
    outline(
      close,
      { left: (left - corner.left) * zoom, top: (top - corner.top) * zoom, width: width * zoom, height: height * zoom },
      [255, 255, 255],
      2,
    );
  }
  panels.push(close);
}
await savePng(strip(panels), path("docs/what-the-model-sees.png"));

const model = await loadModel();
const { svg } = await drawOverview(model, path(street.image), street);
await model.dispose();
await sharp(svg).jpeg({ quality: 80, chromaSubsampling: "4:4:4", mozjpeg: true }).toFile(path("docs/overview.jpg"));

run(process.execPath, [path("scripts/precompute-playground.mjs")]);
run("npm", ["run", "--silent", "playground:build"]);
run(process.execPath, [path("scripts/shoot-playground.mjs")]);

function outline({ width, height, data }, box, color, thick) {
  const [left, top, right, bottom] = [box.left, box.top, box.left + box.width - 1, box.top + box.height - 1].map(Math.round);
  for (let y = Math.max(0, top); y <= Math.min(height - 1, bottom); y++) {
    for (let x = Math.max(0, left); x <= Math.min(width - 1, right); x++) {
      if (Math.min(x - left, right - x, y - top, bottom - y) < thick) data.set(color, (y * width + x) * 3);
    }
  }
}

function strip(pictures) {
  const width = pictures.reduce((sum, picture) => sum + picture.width + gap, -gap);
  const data = new Uint8Array(width * panel * 3).fill(255);
  let x = 0;
  for (const picture of pictures) {
    for (let y = 0; y < panel; y++) {
      data.set(picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3), (y * width + x) * 3);
    }
    x += picture.width + gap;
  }
  return { width, height: panel, channels: 3, data };
}
