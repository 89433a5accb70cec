/** Outlines of the connected regions of a mask, exactly along the borders of pixels. */
import type { Raster } from "./data-set.ts";

/** A closed outline: x, y, x, y ... at its corners, the first not repeated, the region on its right as y points down. */
export type Ring = readonly number[];

/** Pixels of one class that are connected by their sides; pixels that only touch at a corner are two regions. */
export interface Region {
  readonly label: number;
  readonly outline: Ring;
  readonly holes: readonly Hole[];
}

/** The outline of a hole. A vertical line through the region leads from its first corner up to another outline. */
export interface Hole {
  readonly ring: Ring;
  /** The outline at the upper end of that line, and the end's y; its x is the first corner's. */
  readonly parent: Ring;
  readonly top: number;
}

/** Sides of a pixel in the order in which an outline passes them: top to the right, right down, bottom to the left, left up. */
const [TOP, RIGHT, BOTTOM, LEFT] = [0, 1, 2, 3];

/** Traces all regions, in the order of their first pixels. */
export function traceRegions({ width, height, data }: Raster): Region[] {
  const labelAt = (x: number, y: number) => (x >= 0 && x < width && y >= 0 && y < height ? data[y * width + x] : -1);
  const ringAbove = new Int32Array(width * height).fill(-1); // the outline along the top of each pixel
  const seenBelow = new Uint8Array(width * height); // the bottom side is in an outline
  const rings: { readonly region: number; readonly points: number[] }[] = [];
  const regions: (Region & { readonly holes: Hole[] })[] = [];

  /** Follows an outline from one side of a pixel until it is closed. */
  const trace = (x: number, y: number, side: number, region: number): number[] => {
    const label = labelAt(x, y);
    const points: number[] = [];
    const [firstX, firstY, firstSide] = [x, y, side];
    let last = -1;
    do {
      if (side === TOP) ringAbove[y * width + x] = rings.length;
      if (side === BOTTOM) seenBelow[y * width + x] = 1;
      // Ahead is the pixel at the end of this side, beside it the one across the side from there.
      const [dx, dy] = DIRECTIONS[side];
      const [aheadX, aheadY, besideX, besideY] = [x + dx, y + dy, x + dx + dy, y + dy - dx];
      if (side !== last) points.push(x + Number(side === RIGHT || side === BOTTOM), y + Number(side === BOTTOM || side === LEFT));
      last = side;
      if (labelAt(aheadX, aheadY) !== label) side = (side + 1) % 4;
      else if (labelAt(besideX, besideY) !== label) [x, y] = [aheadX, aheadY];
      else [x, y, side] = [besideX, besideY, (side + 3) % 4];
    } while (x !== firstX || y !== firstY || side !== firstSide);
    rings.push({ region, points });
    return points;
  };

  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const label = data[at];
      if (labelAt(x, y - 1) !== label && ringAbove[at] < 0)
        regions.push({ label, outline: trace(x, y, TOP, regions.length), holes: [] });
      if (labelAt(x, y + 1) === label || seenBelow[at]) continue;
      let top = y; // everything above was traced before
      while (labelAt(x, top - 1) === label) top--;
      const { region, points: parent } = rings[ringAbove[top * width + x]];
      const [nextX, nextY, side] = labelAt(x - 1, y) !== label ? [x, y, LEFT] : [x - 1, y + 1, RIGHT];
      regions[region].holes.push({ ring: trace(nextX, nextY, side, region), parent, top });
    }
  }
  return regions;
}

/** The direction of an outline along each side. */
const DIRECTIONS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Returns the area within a ring; holes have a negative one. */
export function ringArea(ring: Ring): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) twice += ring[j] * ring[i + 1] - ring[i] * ring[j + 1];
  return twice / 2;
}

/**
 * Returns a region as one polygon without holes, as COCO has them: each hole is joined to its parent by a line that is passed twice, there
 * and back.
 */
export function joinHoles({ outline, holes }: Region): number[] {
  const below = new Map<Ring, Map<string, Hole>>();
  for (const hole of holes) {
    const known = below.get(hole.parent) ?? new Map<string, Hole>();
    below.set(hole.parent, known.set(`${hole.ring[0]} ${hole.top}`, hole));
  }
  const joined: number[] = [];
  const add = (ring: Ring): void => {
    const ends = below.get(ring);
    for (let i = 0; i < ring.length; i += 2) {
      const [x, y, nextX, nextY] = [ring[i], ring[i + 1], ring[(i + 2) % ring.length], ring[(i + 3) % ring.length]];
      joined.push(x, y);
      if (!ends || nextY !== y) continue;
      for (let end = x; end < nextX; end++) {
        const hole = ends.get(`${end} ${y}`);
        if (!hole) continue;
        if (end > x) joined.push(end, y);
        add(hole.ring);
        joined.push(hole.ring[0], hole.ring[1], end, y);
      }
    }
  };
  add(outline);
  return joined;
}
