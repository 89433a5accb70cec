/** Draws one figure that shows what S² does: an image, what the model sees of it at each scale, and what becomes similar to a marked place. */
import { imageTokens } from "s2-vision/heads";
import { extract, heatOver, loadImage, principalColors, resizePixels } from "s2-vision/node";
import { regionVector, similarities } from "s2-vision/retrieval";
import sharp from "sharp";
import { recordModel, scaleMaps } from "../dist/features/index.js";

/** The drawn street with one of its trees, which `npm start` and the README show. */
export const street = {
  image: "examples/scenes/street.png",
  object: "tree",
  at: [962, 640],
  frame: { left: 908, top: 580, width: 264, height: 176 },
};

const width = 1600;
const margin = 32;
const gap = 24;
const panelWidth = (width - 2 * margin - 2 * gap) / 3;
const ink = "#1f2328";
const paler = "#57606a";
const fonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/**
 * Runs the model on the image at scales 1, 2, 3 and draws the figure, 1,600 pixels wide. `object` names what is at the pixel `at`; `frame`
 * is the part of the image that is shown in the model's pixels. Returns { svg, features }, svg in bytes.
 */
export async function drawOverview(model, image, { object, at, frame }) {
  const photo = await loadImage(image);
  const recorded = recordModel(model);
  const features = await extract(recorded, photo, { scales: [1, 2, 3], outputScale: "finest" });
  const { plan } = features;
  const maps = await scaleMaps(recorded, plan);
  const size = [Math.round((panelWidth * photo.height) / photo.width), panelWidth];
  const drawn = resizePixels(photo, size, "bicubic");
  const zoom = panelWidth / photo.width;
  const heat = (scales) => heatOver(drawn, photo, similarTo(features, at, scales), features.gridGeometry);
  const pin = ring(at[0] * zoom, at[1] * zoom);
  const box = rectangle(frame.left * zoom, frame.top * zoom, frame.width * zoom, frame.height * zoom);
  const rows = [
    {
      heading: `Mark one ${object}. What is similar to it?`,
      panels: [
        { pixels: drawn, over: box + pin, caption: `A drawing; one ${object} is marked` },
        { pixels: heat(1), over: pin, caption: "One scale, 1x: bright is similar" },
        { pixels: heat(3), over: pin, caption: "S²: 1x, 2x and 3x together" },
      ],
    },
    {
      heading: "Why: the framed part as the model gets it; lines separate its patches",
      panels: plan.scales.map((scale, i) => ({
        ...seen(photo, scale, frame, size, model.traits.patchSize),
        caption: `${i + 1}x: ${scale.size[1]} × ${scale.size[0]} pixels in ${count(scale.tiles.length, "tile")}`,
      })),
    },
    {
      heading: "Features as colors: one color means the same in all three",
      panels: principalColors(maps).map((colors, i) => ({
        pixels: resizePixels(colors, size, "box"),
        caption: `${i + 1}x: ${colors.width} × ${colors.height} patches`,
      })),
    },
  ];
  return { svg: await draw(rows, size[0], model.traits.imageSize), features };
}

/** The cosine of every token with the one at a pixel, by the first scales alone. */
function similarTo(features, [x, y], scales) {
  const tokens = imageTokens(features);
  const channels = tokens.channelsPerScale.slice(0, scales).reduce((sum, each) => sum + each, 0);
  const data = new Float32Array((tokens.data.length / tokens.channels) * channels);
  for (let to = 0, from = 0; to < data.length; to += channels, from += tokens.channels)
    data.set(tokens.data.subarray(from, from + channels), to);
  const firstScales = { ...tokens, data, channels };
  return { ...features.grid, data: similarities(firstScales, regionVector(firstScales, features.boxOf(features.tokenAt(x, y)))) };
}

/** A part of the image as the model gets it at a scale, each of its pixels a rectangle, with the borders of patches. */
function seen(photo, scale, { left, top, width: wide, height: high }, size, patch) {
  const [down, across] = [scale.size[0] / photo.height, scale.size[1] / photo.width];
  const pixels = resizePixels(resizePixels(photo, scale.size, "bicubic"), size, "box", [
    left * across,
    top * down,
    (left + wide) * across,
    (top + high) * down,
  ]);
  const lines = [];
  const [stepX, stepY] = [(size[1] / wide / across) * patch, (size[0] / high / down) * patch];
  for (let x = (-left * across * size[1]) / (wide * across); x < size[1]; x += stepX)
    if (x > 0) lines.push(`M${x.toFixed(1)} 0V${size[0]}`);
  for (let y = (-top * down * size[0]) / (high * down); y < size[0]; y += stepY)
    if (y > 0) lines.push(`M0 ${y.toFixed(1)}H${size[1]}`);
  return { pixels, over: `<path d="${lines.join("")}" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="1.5"/>` };
}

/** Returns false where no font is installed, as in small containers: every letter is the same box there. */
export async function hasFont() {
  const [i, w] = await Promise.all(
    ["i", "W"].map((text) =>
      sharp({ text: { text, font: "sans 40" } })
        .raw()
        .toBuffer(),
    ),
  );
  return !i.equals(w);
}

async function draw(rows, panelHeight, [height, wide]) {
  const parts = [];
  const withWords = await hasFont();
  const text = (x, y, size, content, { weight = "normal", fill = ink } = {}) =>
    withWords &&
    parts.push(
      `<text x="${x}" y="${y}" font-family="${fonts}" font-size="${size}" font-weight="${weight}" fill="${fill}">${content}</text>`,
    );
  let y = 78;
  text(margin, y, 50, "S²: one small model, one image, three scales", { weight: "bold" });
  y += 46;
  text(margin, y, 28, `The model takes ${wide} × ${height} pixels. At 2x and 3x it reads the image in tiles of that size.`, {
    fill: paler,
  });
  for (const { heading, panels } of rows) {
    y += 62;
    text(margin, y, 34, heading, { weight: "bold" });
    y += 20;
    for (const [i, { pixels, over = "", caption }] of panels.entries()) {
      const x = margin + i * (panelWidth + gap);
      const png = await sharp(pixels.data, { raw: { width: pixels.width, height: pixels.height, channels: 3 } })
        .png()
        .toBuffer();
      parts.push(
        `<svg x="${x}" y="${y}" width="${panelWidth}" height="${panelHeight}"><image width="${panelWidth}" height="${panelHeight}" href="data:image/png;base64,${png.toString("base64")}"/>${over}</svg>`,
      );
      text(x, y + panelHeight + 36, 27, caption);
    }
    y += panelHeight + 40;
  }
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + margin - 8}"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`,
  );
}

const ring = (x, y) =>
  `<g fill="none"><circle cx="${x}" cy="${y}" r="10" stroke="#000" stroke-width="7"/><circle cx="${x}" cy="${y}" r="10" stroke="#fff" stroke-width="3"/></g>`;

const rectangle = (x, y, wide, high) => {
  const at = `x="${x}" y="${y}" width="${wide}" height="${high}"`;
  return `<g fill="none"><rect ${at} stroke="#000" stroke-width="6"/><rect ${at} stroke="#fff" stroke-width="3"/></g>`;
};

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
