/** The houses of the street scene: their walls, windows, shops and hanging signs. */

import { circle, line, n, path, range, rect, words } from "./pen.mjs";

const notices = ["OPEN", "SALE", "NEW", "MENU", "HELLO", "-20%", "FRESH", "TO LET", "PUSH", "WIFI"];
export const bright = [
  "#c0392b",
  "#e0a030",
  "#2e7d5b",
  "#2f6ea5",
  "#7b4a8c",
  "#d8703a",
  "#3b8f9b",
  "#8d9b3a",
  "#c95f7d",
  "#e8dcc0",
];

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
  const color = d.pick(["#23423a", "#5a2a2a", "#263a5a", "#4a3a2a", "#2f2f38", "#6a4a1e", "#3a5a6a"]);
  const trim = d.pick(["#f2e6c4", "#ffffff", "#f0c860", "#e8e8e8"]);
  const top = ground - 132;
  const door = d.chance(0.5) ? x + 14 : x + w - 56;
  const left = door < x + w / 2 ? door + 54 : x + 14;
  const width = w - 84;
  const half = (width - 8) / 2;
  const stripes = range(Math.ceil((w - 12) / 12)).map((i) => {
    const at = x + 6 + i * 12;
    const wide = Math.min(12, x + w - 6 - at);
    return path(`M${n(at)} ${top + 26}h${n(wide)}v26q-${n(wide / 2)} 9 -${n(wide)} 0z`, i % 2 ? "#f6f0e2" : color);
  });
  return (
    rect(x + 3, top, w - 6, 132, color) +
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
    rect(x + 8, top, w - 16, 27, color, `stroke="${trim}" stroke-width="1.5"`) +
    words(x + w / 2, top + 20, 19, name, trim, { font: d.pick(["sans", "serif", "narrow"]), fit: w - 34 })
  );
}

export function house(d, x, w, top, ground, name, number) {
  const color = d.wall();
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
    rect(x, top, w, ground - top, color) +
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

export function hangingSign(d, x, y, name) {
  const color = d.pick(bright.slice(0, 8));
  return (
    line(`M${x} ${y}h34M${x} ${y - 12}l20 12`, "#1c1c1c", 2.5) +
    rect(x + 10, y + 4, 46, 30, "#000", 'opacity=".35" filter="url(#blur2)"') +
    rect(x + 7, y + 2, 46, 28, color, 'rx="4" stroke="#fff" stroke-width="1.5"') +
    words(x + 30, y + 14, 9, name, "#fff", { fit: 40 }) +
    words(x + 30, y + 24, 6.5, d.pick(["since 1921", "ground floor", "open daily", "come in", "8 - 18 h"]), "#fff", {
      weight: "normal",
    })
  );
}
