/** Masks of many images as one file of GeoJSON's form, its coordinates pixels of each image. */
import type { Raster } from "./data-set.ts";
import { type Ring, ringArea, traceRegions } from "./trace-polygons.ts";
import type { MaskFile } from "./write-coco-masks.ts";

/** Starts a file with a polygon, holes included, for each connected region; `writer` is the version of this package. */
export function newGeoJson(classes: readonly string[], writer: string): MaskFile {
  const images: object[] = [];
  const features: string[] = []; // JSON takes less memory than the numbers
  return {
    add(image, mask: Raster) {
      const { width, height } = mask;
      images.push({ image, width, height });
      for (const { label, outline, holes } of traceRegions(mask)) {
        const rings = [outline, ...holes.map(({ ring }) => ring)];
        const area = rings.reduce((sum, ring) => sum + ringArea(ring), 0);
        const properties = { image, class: classes[label], class_id: label, area };
        const geometry = { type: "Polygon", coordinates: rings.map(closed) };
        features.push(JSON.stringify({ type: "Feature", properties, geometry }));
      }
    },
    bytes() {
      const units = "pixels: x to the right, y down, 0 at the left and top edges of the image";
      const head = JSON.stringify({ type: "FeatureCollection", s2_vision: writer, units, images });
      return new TextEncoder().encode(`${head.slice(0, -1)},"features":[${features.join(",\n")}]}\n`);
    },
  };
}

/** Points [x, y] of a ring, the first repeated at the end. */
function closed(ring: Ring): number[][] {
  const points = Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i], ring[2 * i + 1]]);
  return [...points, points[0]];
}
