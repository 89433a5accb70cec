/** Guarantees of counting heads: the Poisson process that SciPy finds, counts that add up, presence that follows from them. */
import { describe, expect, it } from "vitest";
import { fitObjects, type LabeledObjects, type ObjectsHead, openObjects, readHead, writeHead } from "../../src/heads/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";
import {
  casesOf,
  goldenWidths as channelsPerScale,
  floats,
  goldenRows,
  onOneThread as openGraph,
  relativeDifference,
} from "./goldens.ts";
import { imagesOf } from "./images.ts";

const grid = { rows: 4, cols: 5 };
const classes = ["nut", "bolt"];
const train = imagesOf(goldenRows("train").features, channelsPerScale, grid, [40, 100]);

/** Objects in the middles of the tokens of 10 x 20 pixels. */
const withObjects = (places: Uint8Array): LabeledObjects[] =>
  train.map((tokens, image) => ({
    tokens,
    objects: Array.from(places.subarray(image * 40, (image + 1) * 40)).flatMap((count, i) => {
      const token = i >> 1;
      const one = { label: i % 2, x: (token % 5) * 20 + 10, y: Math.floor(token / 5) * 10 + 5 };
      return Array.from({ length: count }, () => one);
    }),
  }));

describe("objects", () => {
  it.each(casesOf(/^objects/))("are expected where SciPy's best Poisson process has them: %s", async (name, golden) => {
    const images = withObjects(readGolden("heads").u8(golden.places as Stored).data);
    const from = name.endsWith("places") ? "places" : "images";
    const { head, chosen } = await fitObjects(() => images, {
      classes,
      channelsPerScale,
      openGraph,
      decay: golden.decay as number,
      from,
    });
    expect(chosen.converged).toBe(true);
    expect(chosen.loss).toBeCloseTo(golden.loss as number, 4);
    const { json, weights } = writeHead(head);
    const opened = await openObjects(readHead(json, weights) as ObjectsHead, openGraph);
    const [tokens] = imagesOf(goldenRows("test").features.subarray(0, 20 * 24), channelsPerScale, grid, [40, 100]);
    const { counts, presence, locations } = await opened.predict(tokens);
    expect(relativeDifference(locations, floats(golden, "expected").subarray(0, 40))).toBeLessThan(1e-3);
    for (const k of [0, 1]) {
      const sum = locations.filter((_, i) => i % 2 === k).reduce((a, b) => a + b, 0);
      expect(counts[k]).toBeCloseTo(sum, 5);
      expect(presence[k]).toBeCloseTo(1 - Math.exp(-sum), 5);
    }
  });

  it("are as many on the images they were fitted to as there were: the bias is not held back", async () => {
    const [[, golden]] = casesOf(/^objects places/);
    const data = readGolden("heads").u8(golden.places as Stored).data;
    const { head } = await fitObjects(() => withObjects(data), { classes, channelsPerScale, openGraph, decay: 1 });
    const opened = await openObjects(head, openGraph);
    let shown = 0;
    for (const tokens of train) shown += (await opened.predict(tokens)).counts[0];
    // At the optimum Σ sigmoid = Σ count · sigmoid / softplus; where objects are rare that is Σ expected = Σ count.
    expect(shown / data.filter((_, i) => i % 2 === 0).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 1);
  });

  it("are refused outside their image, and with a class that there is not", async () => {
    const [tokens] = train;
    const fitted = (object: { label: number; x: number; y: number }) =>
      fitObjects(() => [{ tokens, objects: [object] }], { classes, channelsPerScale, openGraph, decay: 1 });
    await expect(fitted({ label: 2, x: 1, y: 1 })).rejects.toThrow("The point 1, 1 has the class 2; expected 0 to 1");
    await expect(fitted({ label: 1, x: 101, y: 1 })).rejects.toThrow("The point 101, 1 is outside its image of 100x40");
  });
});
