/** Polygons of masks: rasterized again, by COCO's rule or by even and odd crossings, they give the same masks to the pixel. */
import { describe, expect, it } from "vitest";
import { newCocoMasks, newGeoJson, openDataSet, type Raster } from "../../src/datasets/index.ts";
import { polygonRuns } from "../../src/datasets/runs.ts";
import { traceRegions } from "../../src/datasets/trace-polygons.ts";
import { makeRandom } from "../../src/tensors/index.ts";
import { folderOf, imageFile } from "./data-folder.ts";

const classes = ["sky", "road", "car"];
const random = makeRandom(11);
const drawn = (width: number, height: number, labelAt: (x: number, y: number) => number): Raster => ({
  ...{ width, height },
  data: Uint8Array.from({ length: width * height }, (_, i) => labelAt(i % width, Math.floor(i / width))),
});
/** A mask from lines of digits. */
const written = (...lines: readonly string[]) => drawn(lines[0].length, lines.length, (x, y) => Number(lines[y][x]));

const masks: readonly Raster[] = [
  written("0"),
  written("000", "010", "000"),
  written("0000000", "0111110", "0101010", "0111110", "0100010", "0111110", "0000000"), // holes above a hole
  written("01100", "10010", "10010", "01100"), // a ring of corners: its inside is outside
  written("000000", "011110", "010010", "012110", "011110"), // a hole whose corner touches another class
  written("00000", "01110", "01010", "01210", "01110"), // a hole of two classes
  written("1111111", "1000001", "1011101", "1010101", "1011101", "1000001", "1111111"), // rings in rings
  ...Array.from({ length: 60 }, (_, i) =>
    drawn(1 + (i % 13), 1 + ((i * 7) % 11), () => Math.floor(3 * random() ** (1 + (i % 3)))),
  ),
  drawn(80, 60, (x, y) => (Math.hypot(x - 40, y - 30) % 12 < 5 ? 1 : random() < 0.1 ? 2 : 0)),
];

/** The pixels that rings cover by even and odd crossings of the line to the left of each center. */
function fill(
  rings: readonly (readonly (readonly [number, number])[])[],
  { width, height }: Raster,
  paint: (at: number) => void,
): void {
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
    let inside = false;
    for (const ring of rings)
      for (let i = 1; i < ring.length; i++) {
        const [[x0, y0], [x1, y1]] = [ring[i - 1], ring[i]];
        if (x0 === x1 && x0 < x && y0 > y !== y1 > y) inside = !inside;
      }
    if (inside) paint(at);
  }
}

const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

describe("polygons of masks", () => {
  it("COCO: one polygon an object, whose pixels, area and box are the region's", () => {
    const file = newCocoMasks(classes, "1", { polygons: true });
    for (const [i, mask] of masks.entries()) file.add(`${i}.png`, mask);
    const { annotations } = parse(file.bytes());
    for (const [i, { width, height, data }] of masks.entries()) {
      const painted = new Int16Array(width * height).fill(-1);
      for (const { image_id, category_id, segmentation, area, bbox } of annotations) {
        if (image_id !== i + 1) continue;
        expect(segmentation).toHaveLength(1);
        const runs = Array.from(polygonRuns(segmentation[0], [height, width], { steps: 1e9 }));
        let [at, count, left, top, right, bottom] = [0, 0, width, height, 0, 0];
        for (const [run, length] of runs.entries())
          for (const end = at + length; at < end; at++) {
            if (run % 2 === 0) continue;
            const [x, y] = [Math.floor(at / height), at % height];
            expect(painted[y * width + x]).toBe(-1);
            painted[y * width + x] = category_id;
            count++;
            [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
          }
        expect([area, ...bbox]).toEqual([count, left, top, right - left, bottom - top]);
      }
      expect([...painted]).toEqual([...data]);
    }
  });

  it("GeoJSON: closed rings, the first around the others, that cover the same pixels; class, id, area and image of each", () => {
    const file = newGeoJson(classes, "1");
    for (const [i, mask] of masks.entries()) file.add(`streets/${i}.png`, mask);
    const { type, s2_vision, images, features } = parse(file.bytes());
    expect([type, s2_vision, images.length]).toEqual(["FeatureCollection", "1", masks.length]);
    for (const [i, mask] of masks.entries()) {
      const painted = new Int16Array(mask.data.length).fill(-1);
      for (const { type: kind, properties, geometry } of features) {
        if (properties.image !== `streets/${i}.png`) continue;
        expect([kind, geometry.type, properties.class]).toEqual(["Feature", "Polygon", classes[properties.class_id]]);
        for (const ring of geometry.coordinates) expect(ring.at(-1)).toEqual(ring[0]);
        let count = 0;
        fill(geometry.coordinates, mask, (at) => {
          expect(painted[at]).toBe(-1);
          painted[at] = properties.class_id;
          count++;
        });
        expect(count).toBe(properties.area);
      }
      expect([...painted]).toEqual([...mask.data]);
    }
  });

  it("lines that join holes to outlines lie within the region, so that tools that draw outlines draw nothing outside", () => {
    for (const mask of masks)
      for (const { label, holes } of traceRegions(mask))
        for (const { ring, top } of holes)
          for (let y = top; y < ring[1]; y++) expect(mask.data[y * mask.width + ring[0]]).toBe(label);
  });

  it("our own reader reads COCO's polygons back to the same masks", async () => {
    const mask = masks.at(-1)!;
    const file = newCocoMasks(classes, "1", { polygons: true });
    file.add("a.png", mask);
    const folder = folderOf({ "a.png": imageFile(1, mask.width, mask.height), "annotations.json": file.bytes() });
    const set = await openDataSet(folder, { task: "segmentation" });
    const [item] = set.splits.all!;
    const read = await item.mask();
    const names = Array.from(read.data, (id) => set.classes[id]);
    expect(names).toEqual(Array.from(mask.data, (id) => classes[id]));
  });
});
