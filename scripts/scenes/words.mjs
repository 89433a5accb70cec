/** The scene words.png: cards on a board, whose capitals are from 64 down to 6 pixels high. */

import { circle, develop, dice, group, line, n, oval, range, rect, words } from "./pen.mjs";

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

export async function wordsOfAllSizes() {
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
