/** Colors of classes: six of Okabe and Ito's, then always the color that differs most from all before it. */

type Color = readonly [red: number, green: number, blue: number];

/** Okabe and Ito's colors, safe for color-blind readers, without sky blue, which in a dark image looks like blue in a bright one. */
const FIRST: readonly Color[] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [213, 94, 0],
  [240, 228, 66],
];

/** Candidates have channels that are multiples of this. */
const STEP = 17;

/** Weight of lightness, to which the image adds its own. */
const LIGHTNESS = 0.5;

/** A color that may become a class's, its coordinates in Oklab with lightness weighed, and its squared distance to the nearest color that is taken. */
interface Candidate {
  readonly color: Color;
  readonly coordinates: Color;
  distance: number;
}

const taken: Color[] = [];
const candidates: Candidate[] = [];

/**
 * Returns the color of a class by its id, 0 to 255: always the same, the first six by Okabe and Ito, then each as far as possible from those
 * before it in Oklab.
 */
export function classColor(id: number): [red: number, green: number, blue: number] {
  if (taken.length === 0) {
    for (let at = 0; at < 16 ** 3; at++) {
      const color: Color = [STEP * (at >> 8), STEP * ((at >> 4) & 15), STEP * (at & 15)];
      const coordinates = oklab(color);
      // Grays, near-black and near-white are left to the image.
      const isVivid =
        coordinates[0] > 0.35 * LIGHTNESS &&
        coordinates[0] < 0.93 * LIGHTNESS &&
        Math.hypot(coordinates[1], coordinates[2]) > 0.06;
      if (isVivid) candidates.push({ color, coordinates, distance: Number.POSITIVE_INFINITY });
    }
    FIRST.forEach(take);
  }
  while (taken.length <= id) take(candidates.reduce((best, each) => (each.distance > best.distance ? each : best)).color);
  return [...taken[id]];
}

function take(color: Color): void {
  taken.push(color);
  const [l, a, b] = oklab(color);
  for (const each of candidates) {
    const [otherL, otherA, otherB] = each.coordinates;
    each.distance = Math.min(each.distance, (l - otherL) ** 2 + (a - otherA) ** 2 + (b - otherB) ** 2);
  }
}

/** Converts sRGB to Oklab (Ottosson 2020), in which equal distances look about equally different; lightness is weighed. */
function oklab(color: Color): Color {
  const [r, g, b] = color.map((value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    LIGHTNESS * (0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s),
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
