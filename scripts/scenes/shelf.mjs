/** The scene shelf.png: small products that differ, each with a label that only a close look can read. */

import { circle, develop, dice, fade, line, n, oval, path, range, rect, words } from "./pen.mjs";

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
  box(d, x, base, name, color, paper) {
    const [w, h] = [d.between(52, 74), d.between(92, 138)];
    const top = base - h;
    return [
      w + 7,
      path(`M${n(x + w)} ${n(top)}l7 -6v${n(h)}l-7 6z`, color) +
        path(`M${n(x + w)} ${n(top)}l7 -6v${n(h)}l-7 6z`, "#000", 'opacity=".4"') +
        path(`M${n(x)} ${n(top)}l7 -6h${n(w)}l-7 6z`, "#fff", 'opacity=".7"') +
        rect(x, top, w, h, color) +
        rect(x, top + h * 0.72, w, h * 0.06, paper, 'opacity=".7"') +
        label(d, x + 5, top + 9, w - 10, h * 0.58, name, paper, color) +
        barcode(d, x + 6, base - 15, 20, 10) +
        words(x + w - 14, base - 7, 7, d.pick(["500g", "1 kg", "750g", "x 12"]), paper) +
        rect(x, top, w, h, "url(#flat)"),
    ];
  },
  tin(d, x, base, name, color, paper) {
    const [w, h] = [d.between(50, 64), d.between(60, 92)];
    const top = base - h;
    const rim = (y) => oval(x + w / 2, y, w / 2, 5, "#c9ccd0") + oval(x + w / 2, y, w / 2 - 3, 3.4, "#8f949a");
    return [
      w,
      oval(x + w / 2, base - 4, w / 2, 5, "#777") +
        rect(x, top, w, h - 4, "#b9bdc2") +
        rect(x, top + 7, w, h - 17, color) +
        label(d, x + 7, top + 11, w - 14, h - 25, name, paper, color) +
        rect(x, top, w, h - 2, "url(#round)") +
        rim(top),
    ];
  },
  jar(d, x, base, name, color, paper) {
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
        label(d, x + 5, top + 30, w - 10, h - 42, name, paper, color) +
        rect(x, top + 14, w, h - 14, "url(#round)", 'rx="9" opacity=".8"') +
        rect(x + 3, top, w - 6, 15, color, 'rx="3"') +
        rect(x + 3, top, w - 6, 15, "url(#round)", 'rx="3"'),
    ];
  },
  bottle(d, x, base, name, color, paper) {
    const [w, h] = [d.between(38, 46), d.between(122, 150)];
    const top = base - h;
    const shape = `M${n(x)} ${n(base - 3)}V${n(top + h * 0.42)}Q${n(x)} ${n(top + h * 0.3)} ${n(x + w * 0.34)} ${n(top + h * 0.24)}V${n(top + 8)}H${n(x + w * 0.66)}V${n(top + h * 0.24)}Q${n(x + w)} ${n(top + h * 0.3)} ${n(x + w)} ${n(top + h * 0.42)}V${n(base - 3)}Q${n(x + w / 2)} ${n(base + 3)} ${n(x)} ${n(base - 3)}z`;
    return [
      w,
      path(shape, d.pick(["#2f5a34", "#5a2f1c", "#27425f", "#8a6a24", "#b9cfc9", "#7b1f2a"])) +
        label(d, x + 2, top + h * 0.48, w - 4, h * 0.42, name, paper, color) +
        path(shape, "url(#round)") +
        rect(x + w * 0.31, top, w * 0.38, 14, color, 'rx="2"') +
        rect(x + w * 0.31, top, w * 0.38, 14, "url(#round)", 'rx="2"'),
    ];
  },
  bag(d, x, base, name, color, paper) {
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
      path(shape, color) +
        label(d, x + 8, top + 22, w - 16, h - 38, name, paper, color) +
        path(shape, "url(#round)", 'opacity=".75"') +
        creases +
        rect(x + 4, top, w - 8, 11, color) +
        range(7)
          .map((i) => rect(x + 6 + (i * (w - 12)) / 7, top, 2, 11, "#000", 'opacity=".25"'))
          .join("") +
        circle(x + w / 2, top + 5, 2.4, "#f4f4f4"),
    ];
  },
  carton(d, x, base, name, color, paper) {
    const [w, h] = [d.between(44, 54), d.between(112, 132)];
    const top = base - h;
    return [
      w,
      path(`M${n(x)} ${n(top + 24)}L${n(x + 7)} ${n(top + 8)}H${n(x + w - 7)}L${n(x + w)} ${n(top + 24)}z`, color) +
        path(
          `M${n(x)} ${n(top + 24)}L${n(x + 7)} ${n(top + 8)}H${n(x + w - 7)}L${n(x + w)} ${n(top + 24)}z`,
          "#fff",
          'opacity=".35"',
        ) +
        rect(x + 6, top, w - 12, 9, color) +
        rect(x, top + 24, w, h - 24, paper) +
        path(`M${n(x)} ${n(base - h * 0.3)}q${n(w / 2)} -18 ${n(w)} 0V${n(base)}H${n(x)}z`, color) +
        label(d, x + 4, top + 31, w - 8, h * 0.42, name, paper, color) +
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

export async function shelf() {
  const [width, height] = [1344, 1008];
  const d = dice(23);
  const name = d.deal(goods);
  const kind = d.deal(Object.keys(packings));
  const color = d.deal([
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
      const [pack, product, ink] = [packings[kind()], name(), color()];
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
      rect(0, base, width, 26, "#000", `filter="url(#fibers)" opacity=".7"`) +
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
