/** Draws the project's example pictures, examples/scenes/*.png: full of small things, free of anyone's rights, the same at every run. */

import { mkdirSync } from "node:fs";
import sharp from "sharp";

const folder = new URL("../examples/scenes/", import.meta.url);
const range = (count) => Array.from({ length: count }, (_, i) => i);

/** Seeded random numbers (mulberry32), with the shapes of question that the scenes ask. */
function dice(seed) {
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
  return { next, between, deal, pick: (list) => list[Math.floor(next() * list.length)], chance: (part) => next() < part };
}

const n = (value) => Math.round(value * 10) / 10;
const rect = (x, y, w, h, fill, more = "") =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${fill}" ${more}/>`;
const circle = (x, y, r, fill, more = "") => `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${fill}" ${more}/>`;
const oval = (x, y, rx, ry, fill, more = "") =>
  `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}" ${more}/>`;
const path = (d, fill, more = "") => `<path d="${d}" fill="${fill}" ${more}/>`;
const line = (d, colour, width, more = "") =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" ${more}/>`;
const group = (body, more = "") => `<g ${more}>${body}</g>`;
const shadow = (x, y, rx, ry, strength = 0.45) => oval(x, y, rx, ry, "#000", `opacity="${strength}" filter="url(#blur5)"`);
const fonts = { sans: "DejaVu Sans", serif: "DejaVu Serif", mono: "DejaVu Sans Mono", narrow: "DejaVu Sans Condensed" };
/** Centred words on a baseline; `fit` squeezes them into a width. */
function words(x, y, size, content, fill = "#222", { font = "sans", weight = "bold", fit = 0, more = "" } = {}) {
  const wide = content.length * size * 0.78;
  const shown = fit && wide > fit ? (size * fit) / wide : size;
  return `<text x="${n(x)}" y="${n(y)}" font-family="${fonts[font]}" font-size="${n(shown)}" font-weight="${weight}" fill="${fill}" text-anchor="middle" ${more}>${content}</text>`;
}
const fade = (id, stops, turn = "x1='0' y1='0' x2='0' y2='1'") =>
  `<linearGradient id="${id}" ${turn}>${stops.map(([at, colour, alpha = 1]) => `<stop offset="${at}" stop-color="${colour}" stop-opacity="${alpha}"/>`).join("")}</linearGradient>`;
const across = "x1='0' y1='0' x2='1' y2='0'";
const pattern = (id, w, h, body) =>
  `<pattern id="${id}" width="${w}" height="${h}" patternUnits="userSpaceOnUse">${body}</pattern>`;

/** What the scenes share: light that makes flat shapes round, textures, blurs for shadows. */
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
  `<filter id="fibres" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency=".006 .25" numOctaves="3" seed="9"/><feColorMatrix values="0 0 0 0 .1 0 0 0 0 .05 0 0 0 0 0 0 0 0 2 -.85"/></filter>` +
  `<filter id="crumbs" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency=".22" numOctaves="2" seed="3"/><feColorMatrix values="0 0 0 0 .2 0 0 0 0 .1 0 0 0 0 0 0 0 0 4 -1.9"/></filter>`;

/** Renders, then a little of what a camera adds: darker corners and grain. */
async function develop(name, width, height, defs, body) {
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
  const info = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toFile(new URL(`${name}.png`, folder).pathname);
  console.log(`${name}.png: ${width} x ${height}, ${Math.round(info.size / 1024)} KiB`);
}

// ---- A street: houses with shops, signs of all sizes, people and cars.

const trades = [
  "BAKERY",
  "BOOKS",
  "FLOWERS",
  "CAFÉ LUNA",
  "PHARMACY",
  "SHOES",
  "TEA HOUSE",
  "OPTICIAN",
  "CYCLES",
  "TAILOR",
  "MUSIC",
  "FISH BAR",
];
const notices = ["OPEN", "SALE", "NEW", "MENU", "HELLO", "-20%", "FRESH", "TO LET", "PUSH", "WIFI"];
const bright = ["#c0392b", "#e0a030", "#2e7d5b", "#2f6ea5", "#7b4a8c", "#d8703a", "#3b8f9b", "#8d9b3a", "#c95f7d", "#e8dcc0"];

function sashWindow({ pick, chance, between }, x, y, w, h, frame) {
  const glass = chance(0.14) ? "url(#lit)" : "url(#glass)";
  const curtain = pick(["#e9e2d0", "#b8483c", "#d9d9e2", "#7f9a72"]);
  const drawn = between(0.15, 0.4) * w;
  return (
    rect(x - 4, y - 4, w + 8, h + 8, "#000", 'opacity=".25"') +
    rect(x - 4, y - 5, w + 8, h + 8, frame) +
    rect(x, y, w, h, glass) +
    (chance(0.6)
      ? path(
          `M${n(x)} ${n(y)}h${n(drawn)}q-2 ${n(h * 0.6)} -${n(drawn * 0.8)} ${n(h)}H${n(x)}zM${n(x + w)} ${n(y)}h-${n(drawn)}q2 ${n(h * 0.6)} ${n(drawn * 0.8)} ${n(h)}H${n(x + w)}z`,
          curtain,
          'opacity=".75"',
        )
      : "") +
    (chance(0.2) ? rect(x, y, w, h * between(0.2, 0.6), "#d8d2c2", 'opacity=".9"') : "") +
    rect(x, y, w, 6, "url(#up)") +
    line(`M${n(x + w / 2)} ${n(y)}v${n(h)}M${n(x)} ${n(y + h * 0.45)}h${n(w)}`, frame, 3) +
    rect(x - 7, y + h + 3, w + 14, 5, frame) +
    rect(x - 7, y + h + 8, w + 14, 4, "#000", 'opacity=".3"') +
    (chance(0.3) ? flowerBox(x - 3, y + h - 7, w + 6, between, pick) : "")
  );
}

function flowerBox(x, y, w, between, pick) {
  const leaves = range(Math.round(w / 2)).map(() =>
    circle(x + between(2, w - 2), y + between(-5, 3), between(2, 4), pick(["#3f7a3a", "#5a9a4a", "#2e5c30"])),
  );
  const blooms = range(Math.round(w / 5)).map(() =>
    circle(x + between(2, w - 2), y + between(-7, 1), between(1.6, 2.8), pick(["#e8425a", "#f3b63c", "#f2f0ea", "#c65ab0"])),
  );
  return leaves.join("") + blooms.join("") + rect(x, y + 2, w, 9, "#8a4b32") + rect(x, y + 8, w, 3, "#000", 'opacity=".3"');
}

function display({ between, pick, chance }, x, y, w, h) {
  const goods = [0.5, 0.97].flatMap((row) => {
    const items = [rect(x, y + h * row, w, 2.5, "#6b543c")];
    for (let at = x + 4; at < x + w - 13; at += between(11, 19)) {
      const size = between(8, 15);
      items.push(
        chance(0.4)
          ? circle(at + 5, y + h * row - size / 2, size / 2, pick(bright))
          : rect(at, y + h * row - size, between(6, 11), size, pick(bright)),
      );
    }
    return items;
  });
  const glare = path(
    `M${n(x + w * 0.1)} ${n(y + h)}L${n(x + w * 0.45)} ${n(y)}h${n(w * 0.18)}L${n(x + w * 0.28)} ${n(y + h)}z`,
    "#fff",
    'opacity=".16"',
  );
  const note = chance(0.75)
    ? rect(x + w - 36, y + 21, 32, 13, "#fff8e0") + words(x + w - 20, y + 31, 9, pick(notices), "#a3271e", { fit: 28 })
    : "";
  return (
    rect(x - 3, y - 3, w + 6, h + 6, "#2b2320") +
    rect(x, y, w, h, "#4d4236") +
    rect(x, y, w, h, "url(#lit)", 'opacity=".5"') +
    goods.join("") +
    rect(x, y, w, h * 0.3, "url(#up)") +
    glare +
    note
  );
}

function shop(d, x, w, ground, name, number) {
  const colour = d.pick(["#23423a", "#5a2a2a", "#263a5a", "#4a3a2a", "#2f2f38", "#6a4a1e", "#3a5a6a"]);
  const trim = d.pick(["#f2e6c4", "#ffffff", "#f0c860", "#e8e8e8"]);
  const top = ground - 132;
  const door = d.chance(0.5) ? x + 14 : x + w - 56;
  const left = door < x + w / 2 ? door + 54 : x + 14;
  const width = w - 84;
  const half = (width - 8) / 2;
  const stripes = range(Math.ceil((w - 12) / 12)).map((i) => {
    const at = x + 6 + i * 12;
    const wide = Math.min(12, x + w - 6 - at);
    return path(`M${n(at)} ${top + 26}h${n(wide)}v26q-${n(wide / 2)} 9 -${n(wide)} 0z`, i % 2 ? "#f6f0e2" : colour);
  });
  return (
    rect(x + 3, top, w - 6, 132, colour) +
    rect(x + 3, top, w - 6, 132, "url(#flat)") +
    display(d, left, top + 46, half, 68) +
    display(d, left + half + 8, top + 46, half, 68) +
    rect(door, top + 42, 42, 90, "#1d1a18") +
    rect(door + 3, top + 45, 36, 87, d.pick(bright)) +
    rect(door + 3, top + 45, 36, 87, "url(#flat)") +
    rect(door + 9, top + 52, 24, 36, "url(#glass)") +
    rect(door + 12, top + 60, 18, 10, "#fff") +
    words(door + 21, top + 68, 7, d.pick(notices), "#1f5f3a", { fit: 17 }) +
    circle(door + 34, top + 97, 2.2, "#e8c25a") +
    words(door + 21, top + 104, 9, number, trim) +
    (d.chance(0.65)
      ? rect(x + 6, top + 52, w - 12, 14, "#000", 'opacity=".35" filter="url(#blur2)"') +
        stripes.join("") +
        rect(x + 6, top + 26, w - 12, 30, "url(#down)")
      : "") +
    rect(x + 8, top + 2, w - 16, 27, "#000", 'opacity=".3"') +
    rect(x + 8, top, w - 16, 27, colour, `stroke="${trim}" stroke-width="1.5"`) +
    words(x + w / 2, top + 20, 19, name, trim, { font: d.pick(["sans", "serif", "narrow"]), fit: w - 34 })
  );
}

function house(d, x, w, top, ground, name, number) {
  const colour = d.wall();
  const stone = d.pick(["#f3ece0", "#ded6c8", "#fbfaf5"]);
  const count = Math.max(2, Math.floor(w / 62));
  const step = w / count;
  const wide = step * d.between(0.46, 0.56);
  const first = top + 34;
  const floors = Math.floor((ground - 150 - first) / 92);
  const tall = (ground - 146 - first) / floors;
  const roof = d.pick(["#7c3f30", "#4a4e57", "#5f4638", "#39434a"]);
  const peak = d.chance(0.45) ? w / 2 : 26;
  const panes = range(floors * count).map((i) =>
    sashWindow(d, x + (i % count) * step + (step - wide) / 2, first + Math.floor(i / count) * tall, wide, tall * 0.62, stone),
  );
  const ridge = top - (peak > 30 ? w * 0.3 : 58);
  return (
    rect(x + w * 0.68, ridge - 22, 24, 60, "#8a5240") +
    rect(x + w * 0.68 - 3, ridge - 26, 30, 7, "#5c3a30") +
    path(`M${n(x - 7)} ${n(top)}L${n(x + peak)} ${n(ridge)}H${n(x + w - peak)}L${n(x + w + 7)} ${n(top)}z`, roof) +
    path(`M${n(x - 7)} ${n(top)}L${n(x + peak)} ${n(ridge)}H${n(x + w - peak)}L${n(x + w + 7)} ${n(top)}z`, "url(#slates)") +
    rect(x, top, w, ground - top, colour) +
    (d.chance(0.5) ? rect(x, top, w, ground - top, "url(#bricks)") : "") +
    rect(x, top, w, ground - top, "#000", 'filter="url(#stains)" opacity=".22"') +
    rect(x, top, w, ground - top, "url(#flat)") +
    panes.join("") +
    rect(x - 8, top - 4, w + 16, 12, stone) +
    rect(x, top + 8, w, 12, "url(#up)") +
    range(Math.floor(w / 16))
      .map((i) => rect(x + 4 + i * 16, top + 8, 7, 6, stone))
      .join("") +
    rect(x, ground - 142, w, 7, stone) +
    shop(d, x, w, ground, name, number) +
    rect(x + w - 9, top + 8, 9, ground - top - 8, "url(#round)", 'opacity=".5"')
  );
}

function hangingSign(d, x, y, name) {
  const colour = d.pick(bright.slice(0, 8));
  return (
    line(`M${x} ${y}h34M${x} ${y - 12}l20 12`, "#1c1c1c", 2.5) +
    rect(x + 10, y + 4, 46, 30, "#000", 'opacity=".35" filter="url(#blur2)"') +
    rect(x + 7, y + 2, 46, 28, colour, 'rx="4" stroke="#fff" stroke-width="1.5"') +
    words(x + 30, y + 14, 9, name, "#fff", { fit: 40 }) +
    words(x + 30, y + 24, 6.5, d.pick(["since 1921", "ground floor", "open daily", "come in", "8 - 18 h"]), "#fff", {
      weight: "normal",
    })
  );
}

function person(d, x, foot, tall) {
  const [coat, legs, skin, hair] = [
    d.pick(bright),
    d.pick(["#26303f", "#4b4038", "#6b7686", "#2a2a2a"]),
    d.pick(["#f0c8a4", "#c98f66", "#8a5a3c", "#e8b48c"]),
    d.pick(["#2a1c14", "#6a4a2a", "#c9a050", "#888"]),
  ];
  const u = tall / 100;
  const stride = d.between(5, 12) * u;
  const limb = (dx, dy, ex, ey, colour, width) =>
    line(
      `M${n(x + dx * u)} ${n(foot - dy * u)}Q${n(x + (dx + ex) * 0.62 * u)} ${n(foot - ((dy + ey) / 2) * u)} ${n(x + ex * u)} ${n(foot - ey * u)}`,
      colour,
      n(width * u),
    );
  return (
    shadow(x + 8 * u, foot, 26 * u, 4 * u) +
    limb(-3, 48, -stride / u, 2, legs, 9) +
    limb(3, 48, stride / u, 2, legs, 9) +
    line(`M${n(x - stride)} ${n(foot - 1)}h${n(6 * u)}M${n(x + stride)} ${n(foot - 1)}h${n(6 * u)}`, "#1a1512", n(4 * u)) +
    limb(-9, 78, -16, 48, coat, 7) +
    path(
      `M${n(x - 11 * u)} ${n(foot - 82 * u)}q${n(11 * u)} ${n(-6 * u)} ${n(22 * u)} 0l${n(2 * u)} ${n(42 * u)}h${n(-26 * u)}z`,
      coat,
    ) +
    path(
      `M${n(x - 11 * u)} ${n(foot - 82 * u)}q${n(11 * u)} ${n(-6 * u)} ${n(22 * u)} 0l${n(2 * u)} ${n(42 * u)}h${n(-26 * u)}z`,
      "url(#round)",
      'opacity=".6"',
    ) +
    limb(9, 78, 15, 46, coat, 7) +
    circle(x + 15 * u, foot - 44 * u, 3.4 * u, skin) +
    (d.chance(0.6)
      ? rect(x + 9 * u, foot - 42 * u, 14 * u, 17 * u, d.pick(bright), 'rx="2" stroke="#000" stroke-opacity=".3"')
      : "") +
    rect(x - 3 * u, foot - 88 * u, 6 * u, 7 * u, skin) +
    circle(x, foot - 93 * u, 7.6 * u, skin) +
    path(
      `M${n(x - 8 * u)} ${n(foot - 91 * u)}q${n(-1 * u)} ${n(-12 * u)} ${n(8 * u)} ${n(-12 * u)}q${n(9 * u)} 0 ${n(8 * u)} ${n(9 * u)}q${n(-9 * u)} ${n(-5 * u)} ${n(-16 * u)} ${n(3 * u)}z`,
      hair,
    )
  );
}

function car(x, ground, colour, size, van) {
  const wheel = (at) => circle(at, -13, 15, "#17181a") + circle(at, -13, 8.5, "#b8bcc2") + circle(at, -13, 3, "#4a4d52");
  const body = van
    ? "M6 -18V-78Q6 -92 20 -92H150Q164 -92 174 -66L184 -46Q204 -42 206 -30V-16H8z"
    : "M4 -16Q0 -38 14 -42L40 -46Q62 -74 84 -74H128Q148 -74 168 -47Q196 -44 204 -34V-16z";
  const panes = van ? "M146 -84H152Q158 -80 167 -56H146z" : "M50 -46Q66 -67 84 -68H100V-46zM106 -68H127Q142 -66 156 -46H106z";
  const text = van
    ? words(78, -52, 17, "FRESH FISH", "#fff", { font: "serif" }) +
      words(78, -36, 8, "call 555 0142 - daily delivery", "#fff", { weight: "normal" })
    : "";
  const parts =
    path(body, colour) +
    path(body, "url(#flat)") +
    rect(4, -40, 200, 22, "url(#down)") +
    path(panes, "url(#glass)") +
    text +
    rect(196, -36, 9, 7, "#fff3c4", 'rx="2"') +
    rect(3, -38, 7, 8, "#c8322a", 'rx="2"') +
    line(`M${van ? 140 : 103} -46v26M20 -44H190`, "#000", 1, 'opacity=".35"') +
    rect(van ? 150 : 110, -40, 11, 3, "#e0e0e0") +
    wheel(46) +
    wheel(162);
  return group(shadow(104, 1, 108, 9, 0.6) + parts, `transform="translate(${x} ${ground}) scale(${size})"`);
}

function tree(d, x, ground, size) {
  const crown = range(150).map((i) => {
    const [turn, out] = [d.between(0, 6.28), Math.sqrt(d.next()) * 60];
    const [cx, cy] = [Math.cos(turn) * out, -150 + Math.sin(turn) * out * 1.1];
    return circle(
      cx,
      cy,
      d.between(6, 15),
      i < 40 ? "#27502a" : d.pick(cy < -165 && cx < 20 ? ["#7fae4c", "#93bd58", "#5f943f"] : ["#3c7034", "#4a8039", "#2f5f2e"]),
      'opacity=".92"',
    );
  });
  return group(
    shadow(10, 0, 60, 6) +
      path("M-7 0Q-3 -60 -6 -110L6 -110Q3 -60 9 0z", "#5a4230") +
      line("M0 -80Q14 -105 26 -130M0 -90Q-14 -110 -24 -128", "#5a4230", 5) +
      crown.join(""),
    `transform="translate(${x} ${ground}) scale(${size})"`,
  );
}

async function street() {
  const [width, height, ground] = [1344, 896, 690];
  const d = dice(11);
  d.wall = d.deal(["#c9785a", "#e2c48c", "#9fb4a6", "#d9d2c6", "#b5553f", "#8fa3b8", "#e0a98a", "#a8875f"]);
  const name = d.deal(trades);
  const clouds = range(26).map((i) =>
    oval(
      (i % 13) * 110 + d.between(-60, 60),
      d.between(20, 150),
      d.between(40, 120),
      d.between(8, 24),
      "#fff",
      `opacity="${n(d.between(0.3, 0.8))}" filter="url(#blur12)"`,
    ),
  );
  const widths = [206, 164, 232, 150, 218, 178, 212];
  let x = -8;
  const houses = [];
  const signs = [];
  widths.forEach((w, i) => {
    const trade = name();
    houses.push(house(d, x, w, [212, 270, 170, 246, 196, 262, 204][i], ground, trade, String(2 * i + 12)));
    if (i > 0) signs.push(hangingSign(d, x + 2, ground - 178 - (i % 3) * 9, trade));
    x += w;
  });
  const lamps = [196, 742].map(
    (at) =>
      shadow(at + 12, 738, 34, 4) +
      line(`M${at} 738V470`, "#20262a", 6) +
      line(`M${at} 480q2 -26 28 -28`, "#20262a", 5) +
      path(`M${at + 16} 452h28l-6 26h-16z`, "#ffe7a0", 'stroke="#20262a" stroke-width="3"') +
      rect(at - 5, 700, 10, 38, "#20262a"),
  );
  const post = (at, sign) => line(`M${at} 742V612`, "#8b9096", 4) + sign;
  const posts =
    post(
      600,
      circle(600, 604, 18, "#fff") +
        circle(600, 604, 17, "none", 'stroke="#c8202a" stroke-width="5"') +
        words(600, 610, 15, "30", "#111"),
    ) +
    post(
      1146,
      rect(1127, 592, 38, 38, "#1f5fa8", 'rx="4" stroke="#fff" stroke-width="2"') +
        words(1146, 623, 31, "P", "#fff") +
        rect(1127, 634, 38, 15, "#fff") +
        words(1146, 644.5, 8, "2 hours", "#111", { fit: 34 }),
    );
  const board =
    path("M482 742l8 -62h44l8 62z", "#3a2a1e") +
    path("M488 734l7 -49h34l7 49z", "#23302b") +
    ["MENU", "soup 4.50", "pie 6.20", "tea 2.10"]
      .map((text, i) => words(512, 697 + i * 10.5, i ? 6.6 : 8.5, text, "#f4f0dc", { weight: i ? "normal" : "bold" }))
      .join("");
  const people = [
    [96, 96],
    [214, 84],
    [262, 90],
    [420, 98],
    [585, 88],
    [886, 94],
    [918, 68],
    [1030, 97],
    [1092, 86],
    [1262, 95],
  ].map(([at, tall]) => person(d, at, 734 + d.between(-8, 14), tall));
  const dashes = range(9).map((i) => path(`M${i * 160 + 20} 838h84l-8 9h-84z`, "#e9e6da", 'opacity=".85"'));
  const specks = range(420).map(() =>
    rect(
      d.between(0, width),
      d.between(776, 896),
      d.between(1, 5),
      1.2,
      d.pick(["#000", "#fff"]),
      `opacity="${n(d.between(0.1, 0.25))}"`,
    ),
  );
  const defs =
    fade("sky", [
      [0, "#4f8fc7"],
      [0.55, "#a9cfe8"],
      [1, "#f0e4cf"],
    ]) +
    fade("road", [
      [0, "#5b5d61"],
      [1, "#3b3d42"],
    ]) +
    `<radialGradient id="sun" cx=".12" cy=".1" r=".9"><stop offset="0" stop-color="#fff1cc" stop-opacity=".34"/><stop offset="1" stop-color="#ffe0b0" stop-opacity="0"/></radialGradient>`;
  const body =
    rect(0, 0, width, 420, "url(#sky)") +
    clouds.join("") +
    houses.join("") +
    rect(0, ground, width, 74, "#b7afa2") +
    rect(0, ground, width, 74, "url(#pavers)") +
    rect(0, ground, width, 22, "url(#up)", 'opacity=".8"') +
    rect(0, 762, width, 8, "#d2ccc0") +
    rect(0, 770, width, 8, "#77726a") +
    rect(0, 776, width, 120, "url(#road)") +
    specks.join("") +
    dashes.join("") +
    oval(330, 868, 40, 9, "#2c2d30") +
    oval(330, 867, 34, 7, "#4a4b4f") +
    signs.join("") +
    lamps.join("") +
    posts +
    board +
    tree(d, 366, 742, 0.7) +
    tree(d, 962, 744, 0.74) +
    people.join("") +
    car(30, 806, "#b3262e", 1, false) +
    car(640, 804, "#2d6a8a", 1.12, true) +
    car(1050, 812, "#d9b13a", 1.02, false) +
    person(d, 452, 862, 116) +
    rect(0, 0, width, height, "url(#sun)");
  await develop("street", width, height, defs, body);
}

// ---- A shelf: small products that differ, each with a label that only a close look can read.

const goods = [
  "HONEY",
  "OATS",
  "RICE",
  "COCOA",
  "MUSTARD",
  "OLIVES",
  "LENTILS",
  "COFFEE",
  "PEPPER",
  "SALT",
  "BASIL",
  "TOMATO",
  "PASTA",
  "SUGAR",
  "CURRY",
  "BEANS",
  "MILK",
  "JUICE",
  "SOAP",
  "TEA",
  "JAM",
  "FLOUR",
  "RAISINS",
  "ALMONDS",
  "VINEGAR",
  "CORN",
  "PLUMS",
  "GINGER",
];
const small = [
  "net 250 g",
  "best before 11/27",
  "keep cool and dry",
  "100% natural",
  "serves four",
  "made in Ghent",
  "no added sugar",
  "recipe inside",
  "fair trade",
  "store upright",
];

function barcode({ chance, between }, x, y, w, h) {
  let bars = rect(x - 1, y - 1, w + 2, h + 2, "#fff");
  for (let at = x; at < x + w - 1; at += between(1, 2.4)) if (chance(0.6)) bars += rect(at, y, between(0.6, 1.4), h, "#111");
  return bars;
}

function label(d, x, y, w, h, name, ground, ink) {
  const motif = d.pick([
    () => circle(x + w / 2, y + h * 0.2, h * 0.12, ink),
    () =>
      path(
        `M${n(x + w * 0.5)} ${n(y + h * 0.06)}q${n(w * 0.25)} ${n(h * 0.1)} 0 ${n(h * 0.26)}q${n(w * -0.25)} ${n(h * -0.14)} 0 ${n(h * -0.26)}`,
        ink,
      ),
    () =>
      range(3)
        .map((i) => circle(x + w * (0.3 + 0.2 * i), y + h * 0.2, h * 0.07, ink))
        .join(""),
    () =>
      path(`M${n(x + w * 0.3)} ${n(y + h * 0.3)}L${n(x + w * 0.5)} ${n(y + h * 0.06)}L${n(x + w * 0.7)} ${n(y + h * 0.3)}z`, ink),
  ])();
  const font = d.pick(["sans", "serif", "narrow"]);
  const lines = [0, 1].map((i) =>
    words(x + w / 2, y + h * 0.66 + i * 7.5, 5.6, d.pick(small), ink, { font: "narrow", weight: "normal", fit: w - 4 }),
  );
  const foot = h > 66 ? barcode(d, x + w * 0.25, y + h - 13, w * 0.5, 9) : "";
  return (
    rect(x, y, w, h, ground) +
    rect(x + 1.5, y + 1.5, w - 3, h - 3, "none", `stroke="${ink}" stroke-width=".8"`) +
    motif +
    words(x + w / 2, y + h * 0.51, Math.min(14, h * 0.22), name, ink, { font, fit: w - 6 }) +
    lines.join("") +
    foot
  );
}

/** Kinds of packing, each [width, drawing from its left bottom corner]; all stand on y = base. */
const packings = {
  box(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(52, 74), d.between(92, 138)];
    const top = base - h;
    return [
      w + 7,
      path(`M${n(x + w)} ${n(top)}l7 -6v${n(h)}l-7 6z`, colour) +
        path(`M${n(x + w)} ${n(top)}l7 -6v${n(h)}l-7 6z`, "#000", 'opacity=".4"') +
        path(`M${n(x)} ${n(top)}l7 -6h${n(w)}l-7 6z`, "#fff", 'opacity=".7"') +
        rect(x, top, w, h, colour) +
        rect(x, top + h * 0.72, w, h * 0.06, paper, 'opacity=".7"') +
        label(d, x + 5, top + 9, w - 10, h * 0.58, name, paper, colour) +
        barcode(d, x + 6, base - 15, 20, 10) +
        words(x + w - 14, base - 7, 7, d.pick(["500g", "1 kg", "750g", "x 12"]), paper) +
        rect(x, top, w, h, "url(#flat)"),
    ];
  },
  tin(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(50, 64), d.between(60, 92)];
    const top = base - h;
    const rim = (y) => oval(x + w / 2, y, w / 2, 5, "#c9ccd0") + oval(x + w / 2, y, w / 2 - 3, 3.4, "#8f949a");
    return [
      w,
      oval(x + w / 2, base - 4, w / 2, 5, "#777") +
        rect(x, top, w, h - 4, "#b9bdc2") +
        rect(x, top + 7, w, h - 17, colour) +
        label(d, x + 7, top + 11, w - 14, h - 25, name, paper, colour) +
        rect(x, top, w, h - 2, "url(#round)") +
        rim(top),
    ];
  },
  jar(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(46, 60), d.between(74, 100)];
    const top = base - h;
    return [
      w,
      rect(x, top + 14, w, h - 14, d.pick(["#d99a2b", "#7a1f2b", "#8a5a2b", "#5f7a2e", "#e8d9b0", "#c2452d"]), 'rx="9"') +
        rect(x, top + 14, w, 13, "#fff", 'opacity=".35" rx="7"') +
        range(16)
          .map(() =>
            circle(
              d.between(x + 5, x + w - 5),
              d.between(top + 30, base - 6),
              d.between(1.5, 4),
              d.pick(["#fff", "#000"]),
              'opacity=".13"',
            ),
          )
          .join("") +
        label(d, x + 5, top + 30, w - 10, h - 42, name, paper, colour) +
        rect(x, top + 14, w, h - 14, "url(#round)", 'rx="9" opacity=".8"') +
        rect(x + 3, top, w - 6, 15, colour, 'rx="3"') +
        rect(x + 3, top, w - 6, 15, "url(#round)", 'rx="3"'),
    ];
  },
  bottle(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(38, 46), d.between(122, 150)];
    const top = base - h;
    const shape = `M${n(x)} ${n(base - 3)}V${n(top + h * 0.42)}Q${n(x)} ${n(top + h * 0.3)} ${n(x + w * 0.34)} ${n(top + h * 0.24)}V${n(top + 8)}H${n(x + w * 0.66)}V${n(top + h * 0.24)}Q${n(x + w)} ${n(top + h * 0.3)} ${n(x + w)} ${n(top + h * 0.42)}V${n(base - 3)}Q${n(x + w / 2)} ${n(base + 3)} ${n(x)} ${n(base - 3)}z`;
    return [
      w,
      path(shape, d.pick(["#2f5a34", "#5a2f1c", "#27425f", "#8a6a24", "#b9cfc9", "#7b1f2a"])) +
        label(d, x + 2, top + h * 0.48, w - 4, h * 0.42, name, paper, colour) +
        path(shape, "url(#round)") +
        rect(x + w * 0.31, top, w * 0.38, 14, colour, 'rx="2"') +
        rect(x + w * 0.31, top, w * 0.38, 14, "url(#round)", 'rx="2"'),
    ];
  },
  bag(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(58, 74), d.between(88, 118)];
    const top = base - h;
    const shape = `M${n(x + 5)} ${n(top + 10)}Q${n(x - 4)} ${n(base - h * 0.4)} ${n(x + 2)} ${n(base)}H${n(x + w - 2)}Q${n(x + w + 4)} ${n(base - h * 0.4)} ${n(x + w - 5)} ${n(top + 10)}z`;
    const creases = line(
      `M${n(x + 12)} ${n(top + 14)}q6 ${n(h * 0.2)} -4 ${n(h * 0.4)}M${n(x + w - 12)} ${n(top + 14)}q-7 ${n(h * 0.3)} 3 ${n(h * 0.5)}`,
      "#fff",
      2,
      'opacity=".3"',
    );
    return [
      w,
      path(shape, colour) +
        label(d, x + 8, top + 22, w - 16, h - 38, name, paper, colour) +
        path(shape, "url(#round)", 'opacity=".75"') +
        creases +
        rect(x + 4, top, w - 8, 11, colour) +
        range(7)
          .map((i) => rect(x + 6 + (i * (w - 12)) / 7, top, 2, 11, "#000", 'opacity=".25"'))
          .join("") +
        circle(x + w / 2, top + 5, 2.4, "#f4f4f4"),
    ];
  },
  carton(d, x, base, name, colour, paper) {
    const [w, h] = [d.between(44, 54), d.between(112, 132)];
    const top = base - h;
    return [
      w,
      path(`M${n(x)} ${n(top + 24)}L${n(x + 7)} ${n(top + 8)}H${n(x + w - 7)}L${n(x + w)} ${n(top + 24)}z`, colour) +
        path(
          `M${n(x)} ${n(top + 24)}L${n(x + 7)} ${n(top + 8)}H${n(x + w - 7)}L${n(x + w)} ${n(top + 24)}z`,
          "#fff",
          'opacity=".35"',
        ) +
        rect(x + 6, top, w - 12, 9, colour) +
        rect(x, top + 24, w, h - 24, paper) +
        path(`M${n(x)} ${n(base - h * 0.3)}q${n(w / 2)} -18 ${n(w)} 0V${n(base)}H${n(x)}z`, colour) +
        label(d, x + 4, top + 31, w - 8, h * 0.42, name, paper, colour) +
        words(x + w / 2, base - 9, 8, "1 litre", paper) +
        rect(x, top + 24, w, h - 24, "url(#flat)"),
    ];
  },
};

function priceTag(d, x, y) {
  const yellow = d.chance(0.22);
  const price = `${Math.floor(d.between(0, 9))}.${d.pick(["19", "49", "79", "95", "99", "25"])}`;
  return (
    rect(x + 1, y + 2, 52, 22, "#000", 'opacity=".4" filter="url(#blur1)"') +
    rect(x, y, 52, 22, yellow ? "#ffd83a" : "#fbfbf7", 'rx="1.5"') +
    words(x + 35.5, y + 14, 11.5, price, yellow ? "#b3161c" : "#151515") +
    words(x + 11, y + 8, 5, d.pick(["per kg", "each", "2 for 1", "now"]), "#444", { weight: "normal", fit: 17 }) +
    barcode(d, x + 4, y + 12, 14, 6) +
    words(x + 33, y + 20.5, 4.6, `no. ${Math.floor(d.between(1000, 9999))}`, "#555", { weight: "normal" })
  );
}

async function shelf() {
  const [width, height] = [1344, 1008];
  const d = dice(23);
  const name = d.deal(goods);
  const kind = d.deal(Object.keys(packings));
  const colour = d.deal([
    "#b3282d",
    "#1f5f8b",
    "#2f7d4a",
    "#d9822b",
    "#6b3f8a",
    "#0f6f74",
    "#8a5a1f",
    "#c23b6e",
    "#2b3a55",
    "#5f6f1f",
    "#3a3a3a",
    "#a6441f",
  ]);
  const boards = range(5).map((i) => 192 + i * 193);
  const rows = boards.map((base, row) => {
    let [body, tags, at] = [
      rect(0, base - 168, width, 168, "url(#back)") + rect(0, base - 168, width, 56, "url(#up)"),
      "",
      16 + d.between(0, 14),
    ];
    while (at < width - 88) {
      const [pack, product, ink] = [packings[kind()], name(), colour()];
      const paper = d.pick(["#fbf6e6", "#ffffff", "#f7e9b5", "#eaf1ee", "#f6d9cf"]);
      const again = d.chance(0.3) && at < width - 190 ? 2 : 1;
      tags += priceTag(d, at + 4, base + 2);
      for (let i = 0; i < again; i++) {
        const [wide, drawing] = pack(d, at, base, product, ink, paper);
        body +=
          oval(at + wide / 2 + 4, base - 1, wide * 0.6, 5, "#000", 'opacity=".6" filter="url(#blur2)"') +
          rect(at + wide - 6, base - 62, 16, 62, "#000", 'opacity=".35" filter="url(#blur5)"') +
          drawing;
        at += wide + d.between(3, 7);
      }
      at += d.chance(0.1) ? d.between(22, 40) : d.between(4, 9);
    }
    const wood =
      rect(0, base, width, 26, "#9a6b42") +
      rect(0, base, width, 26, "#000", `filter="url(#fibres)" opacity=".7"`) +
      rect(0, base, width, 2.5, "#e0b588") +
      rect(0, base + 17, width, 9, "url(#down)");
    return (
      body +
      wood +
      tags +
      (row === 2 ? rect(560, base - 167, 176, 25, "#b3161c") + words(648, base - 149, 15, "WEEKLY OFFERS", "#fff") : "")
    );
  });
  const defs =
    fade("back", [
      [0, "#5a4d40"],
      [1, "#9a8872"],
    ]) +
    `<radialGradient id="lamp" cx=".45" cy=".2" r=".9"><stop offset="0" stop-color="#fff2cf" stop-opacity=".26"/><stop offset=".65" stop-color="#fff2cf" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".22"/></radialGradient>`;
  await develop(
    "shelf",
    width,
    height,
    defs,
    rect(0, 0, width, height, "#2e2620") + rows.join("") + rect(0, 0, width, height, "url(#lamp)"),
  );
}

// ---- Words: cards on a board, whose capitals are from 64 down to 6 pixels high.

const vocabulary = [
  "Lantern",
  "Harbour",
  "Meadow",
  "Violin",
  "Copper",
  "Window",
  "Garden",
  "Thunder",
  "Pepper",
  "Saddle",
  "Marble",
  "Canyon",
  "Feather",
  "Bridge",
  "Walnut",
  "Orchard",
  "Compass",
  "Velvet",
  "Island",
  "Candle",
  "Falcon",
  "Timber",
  "Quartz",
  "Ribbon",
  "Summit",
  "Anchor",
  "Basket",
  "Cobalt",
  "Dolphin",
  "Ember",
  "Forest",
  "Glacier",
  "Helmet",
  "Indigo",
  "Juniper",
  "Kettle",
  "Lagoon",
  "Magnet",
  "Nectar",
  "Opal",
  "Parrot",
  "Quiver",
  "Raven",
  "Silver",
  "Tulip",
  "Urchin",
  "Valley",
  "Willow",
  "Yarrow",
  "Zephyr",
];

/** Cards as [capital height, left, top, width, height, columns]; the words fill them. */
const cards = [
  [64, 40, 36, 430, 206, 1],
  [48, 508, 34, 396, 216, 1],
  [40, 944, 38, 360, 206, 1],
  [32, 44, 270, 470, 188, 2],
  [24, 548, 262, 400, 176, 2],
  [20, 984, 282, 320, 170, 2],
  [16, 48, 496, 380, 170, 3],
  [14, 462, 476, 330, 176, 3],
  [12, 828, 486, 226, 172, 2],
  [10, 1084, 490, 220, 168, 3],
  [9, 50, 702, 260, 150, 3],
  [8, 346, 690, 270, 160, 4],
  [7, 650, 694, 250, 156, 4],
  [6, 934, 700, 366, 150, 6],
];
const papers = ["#fdfbf3", "#fff2a8", "#d8ecf7", "#f9d5d0", "#dff0d0", "#f3e6d2", "#26364a", "#efe3f5"];

function card(d, [capital, x, y, w, h, columns], word, paper) {
  const dark = paper === "#26364a";
  const size = capital / 0.729; // DejaVu's capitals are 0.729 em
  const rows = Math.max(1, Math.floor((h - 26 - capital * 0.5) / (capital * 1.7)));
  const step = (h - 30) / rows;
  const cells = range(rows * columns).map((i) => {
    const ink = dark
      ? d.pick(["#f4f1e4", "#ffd98a", "#9fd6e8"])
      : d.pick(["#1c1c22", "#7a1f24", "#1d4e79", "#20593a", "#4b2a5e"]);
    const plain = word();
    const content = plain.length < 7 && capital < 30 && d.chance(0.25) ? plain.toUpperCase() : plain;
    const cell = (w - 24) / columns;
    return words(
      x + 12 + cell * ((i % columns) + 0.5),
      y + 24 + step * (Math.floor(i / columns) + 0.5) + capital * 0.5,
      size,
      content,
      ink,
      { font: d.pick(["sans", "serif", "narrow", "sans"]), weight: d.pick(["bold", "normal"]) },
    );
  });
  const lines =
    d.chance(0.4) && !dark
      ? range(Math.floor(h / 14) - 2)
          .map((i) => line(`M${x + 6} ${y + 26 + i * 14}h${w - 12}`, "#5b8db8", 0.6, 'opacity=".35"'))
          .join("")
      : "";
  const pin = d.pick(["#c8242c", "#1f6fb2", "#2c8a4a", "#e0a52a"]);
  const head =
    oval(x + w / 2 + 6, y + 17, 8, 5, "#000", 'opacity=".4" filter="url(#blur2)"') +
    circle(x + w / 2, y + 11, 8, pin) +
    circle(x + w / 2 - 2.5, y + 8.5, 2.6, "#fff", 'opacity=".7"');
  const sheet =
    rect(x + 6, y + 9, w, h, "#000", 'opacity=".5" filter="url(#blur5)"') +
    rect(x, y, w, h, paper) +
    rect(x, y, w, h, "url(#flat)", 'opacity=".6"');
  return group(sheet + lines + cells.join("") + head, `transform="rotate(${n(d.between(-1.6, 1.6))} ${x + w / 2} ${y})"`);
}

async function wordsOfAllSizes() {
  const [width, height] = [1344, 896];
  const d = dice(37);
  const word = d.deal(vocabulary);
  const paper = d.deal(papers);
  const flecks = range(2600).map(() =>
    oval(
      d.between(0, width),
      d.between(0, height),
      d.between(1, 4.5),
      d.between(0.8, 2.6),
      d.pick(["#8a5a30", "#e0b27c", "#6b4322", "#d09a5c"]),
      `opacity="${n(d.between(0.2, 0.6))}"`,
    ),
  );
  const frame = [
    [0, 0, width, 14],
    [0, height - 14, width, 14],
    [0, 0, 14, height],
    [width - 14, 0, 14, height],
  ].map(([x, y, w, h]) => rect(x, y, w, h, "#5a3a22") + rect(x, y, w, h, "url(#flat)"));
  const defs = `<radialGradient id="lamp" cx=".3" cy=".2" r="1"><stop offset="0" stop-color="#fff4d8" stop-opacity=".1"/><stop offset="1" stop-color="#000" stop-opacity=".18"/></radialGradient>`;
  const body =
    rect(0, 0, width, height, "#c08a54") +
    rect(0, 0, width, height, "#000", 'filter="url(#crumbs)" opacity=".22"') +
    flecks.join("") +
    rect(0, 14, width, 20, "url(#up)") +
    frame.join("") +
    cards.map((one) => card(d, one, word, paper())).join("") +
    rect(0, 0, width, height, "url(#lamp)");
  await develop("words", width, height, defs, body);
}

mkdirSync(folder, { recursive: true });
await street();
await shelf();
await wordsOfAllSizes();
