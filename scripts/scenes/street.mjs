/** The scene street.png: houses with shops, signs of all sizes, people, cars and trees. */

import { bright, hangingSign, house } from "./houses.mjs";
import { circle, develop, dice, fade, group, line, n, oval, path, range, rect, shadow, words } from "./pen.mjs";

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

function person(d, x, foot, tall) {
  const [coat, legs, skin, hair] = [
    d.pick(bright),
    d.pick(["#26303f", "#4b4038", "#6b7686", "#2a2a2a"]),
    d.pick(["#f0c8a4", "#c98f66", "#8a5a3c", "#e8b48c"]),
    d.pick(["#2a1c14", "#6a4a2a", "#c9a050", "#888"]),
  ];
  const u = tall / 100;
  const stride = d.between(5, 12) * u;
  const limb = (dx, dy, ex, ey, color, width) =>
    line(
      `M${n(x + dx * u)} ${n(foot - dy * u)}Q${n(x + (dx + ex) * 0.62 * u)} ${n(foot - ((dy + ey) / 2) * u)} ${n(x + ex * u)} ${n(foot - ey * u)}`,
      color,
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

function car(x, ground, color, size, van) {
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
    path(body, color) +
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

export async function street() {
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
  const frontages = [206, 164, 232, 150, 218, 178, 212];
  let x = -8;
  const houses = [];
  const signs = [];
  frontages.forEach((w, i) => {
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
