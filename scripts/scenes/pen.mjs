/** The pen that every scene draws with: seeded dice, SVG shapes and words, shared light and textures, and the step that turns a drawing into a PNG. */

import { mkdirSync } from "node:fs";
import sharp from "sharp";

const folder = new URL("../../examples/scenes/", import.meta.url);
export const range = (count) => Array.from({ length: count }, (_, i) => i);

/** Seeded random numbers (mulberry32), with the shapes of question that the scenes ask. */
export function dice(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low, high) => low + (high - low) * next();
  const deal = (list) => {
    let left = [];
    return () => {
      if (left.length === 0) left = [...list];
      return left.splice(Math.floor(next() * left.length), 1)[0];
    };
  };
  return {
    next,
    between,
    deal,
    pick: (list) => list[Math.floor(next() * list.length)],
    chance: (probability) => next() < probability,
  };
}

export const n = (value) => Math.round(value * 10) / 10;
export const rect = (x, y, w, h, fill, more = "") =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${fill}" ${more}/>`;
export const circle = (x, y, r, fill, more = "") => `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${fill}" ${more}/>`;
export const oval = (x, y, rx, ry, fill, more = "") =>
  `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}" ${more}/>`;
export const path = (d, fill, more = "") => `<path d="${d}" fill="${fill}" ${more}/>`;
export const line = (d, color, width, more = "") =>
  `<path d="${d}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linecap="round" ${more}/>`;
export const group = (body, more = "") => `<g ${more}>${body}</g>`;
export const shadow = (x, y, rx, ry, strength = 0.45) => oval(x, y, rx, ry, "#000", `opacity="${strength}" filter="url(#blur5)"`);
const fonts = { sans: "DejaVu Sans", serif: "DejaVu Serif", mono: "DejaVu Sans Mono", narrow: "DejaVu Sans Condensed" };
/** Centerd words on a baseline; `fit` squeezes them into a width. */
export function words(x, y, size, content, fill = "#222", { font = "sans", weight = "bold", fit = 0, more = "" } = {}) {
  const wide = content.length * size * 0.78;
  const shown = fit && wide > fit ? (size * fit) / wide : size;
  return `<text x="${n(x)}" y="${n(y)}" font-family="${fonts[font]}" font-size="${n(shown)}" font-weight="${weight}" fill="${fill}" text-anchor="middle" ${more}>${content}</text>`;
}
export const fade = (id, stops, turn = "x1='0' y1='0' x2='0' y2='1'") =>
  `<linearGradient id="${id}" ${turn}>${stops.map(([at, color, alpha = 1]) => `<stop offset="${at}" stop-color="${color}" stop-opacity="${alpha}"/>`).join("")}</linearGradient>`;
const across = "x1='0' y1='0' x2='1' y2='0'";
const pattern = (id, w, h, body) =>
  `<pattern id="${id}" width="${w}" height="${h}" patternUnits="userSpaceOnUse">${body}</pattern>`;

/** Drawing tools that the scenes share: light that makes flat shapes round, textures, blurs for shadows. */
const shared =
  [1, 2, 5, 12, 30]
    .map(
      (d) =>
        `<filter id="blur${d}" x="-100%" y="-300%" width="300%" height="700%"><feGaussianBlur stdDeviation="${d}"/></filter>`,
    )
    .join("") +
  fade(
    "round",
    [
      [0, "#000", 0.42],
      [0.22, "#fff", 0.2],
      [0.34, "#fff", 0.38],
      [0.5, "#fff", 0],
      [1, "#000", 0.5],
    ],
    across,
  ) +
  fade(
    "flat",
    [
      [0, "#fff", 0.16],
      [0.5, "#fff", 0],
      [1, "#000", 0.24],
    ],
    "x1='0' y1='0' x2='1' y2='1'",
  ) +
  fade("down", [
    [0, "#000", 0],
    [1, "#000", 0.4],
  ]) +
  fade("up", [
    [0, "#000", 0.5],
    [1, "#000", 0],
  ]) +
  fade(
    "glass",
    [
      [0, "#b9d4e6"],
      [0.45, "#5f7f95"],
      [0.46, "#3c5566"],
      [1, "#22323f"],
    ],
    "x1='0' y1='0' x2='0.7' y2='1'",
  ) +
  fade("lit", [
    [0, "#ffe9a8"],
    [1, "#d99a45"],
  ]) +
  pattern(
    "bricks",
    20,
    12,
    rect(0, 0, 20, 12, "#000", 'opacity=".06"') +
      line("M0 .5H20M0 6.5H20M5 .5V6.5M15 6.5V12", "#fff", 1, 'opacity=".3"') +
      rect(6, 1, 9, 5, "#000", 'opacity=".12"'),
  ) +
  pattern("slates", 14, 10, path("M0 0Q7 14 14 0", "#000", 'opacity=".22"') + line("M0 9.5H14", "#000", 1, 'opacity=".3"')) +
  pattern("pavers", 46, 18, line("M0 .5H46M0 9.5H46M12 0V9M35 9V18", "#000", 1, 'opacity=".22"')) +
  `<filter id="stains" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency=".012 .02" numOctaves="4" seed="5"/><feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1.6 -.62"/></filter>` +
  `<filter id="fibers" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency=".006 .25" numOctaves="3" seed="9"/><feColorMatrix values="0 0 0 0 .1 0 0 0 0 .05 0 0 0 0 0 0 0 0 2 -.85"/></filter>` +
  `<filter id="crumbs" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency=".22" numOctaves="2" seed="3"/><feColorMatrix values="0 0 0 0 .2 0 0 0 0 .1 0 0 0 0 0 0 0 0 4 -1.9"/></filter>`;

/** Renders, then a little of what a camera adds: darker corners and grain. */
export async function develop(name, width, height, defs, body) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs>${shared}${defs}</defs>${body}</svg>`;
  const pixels = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  const { next } = dice(name.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const corner = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 0.32;
      const grain = Math.round(next() * 1.12 - 0.56);
      for (let c = at; c < at + 3; c++) pixels[c] = Math.min(255, Math.max(0, pixels[c] * (1 - corner) + grain));
    }
  }
  mkdirSync(folder, { recursive: true });
  const info = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toFile(new URL(`${name}.png`, folder).pathname);
  console.log(`${name}.png: ${width} x ${height}, ${Math.round(info.size / 1024)} KiB`);
}
