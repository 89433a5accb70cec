/** Images as squares against LLaVA's and transformers' steps on Pillow (research/python/make-fit-photos.py): one pixel off is another picture than the weights know. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fitImage } from "../../src/features/fit-image.ts";
import type { Pixels } from "../../src/images/index.ts";

interface Golden {
  mean: number[];
  cases: { width: number; height: number; side: number; fit: "crop" | "squash" | "pad"; data: string }[];
}
const { mean, cases } = JSON.parse(readFileSync(new URL("fit-photos.json", import.meta.url), "utf8")) as Golden;

/** Noise over a ramp, as the script draws it. */
function draw(width: number, height: number): Pixels {
  const size = width * height * 3;
  const value = (i: number) => (Math.imul(i, 2654435761) >>> 25) + Math.floor((i * 128) / size);
  return { width, height, channels: 3, data: Uint8Array.from({ length: size }, (_, i) => value(i)) };
}

it.each(cases.map((c) => [`${c.width}x${c.height}, ${c.fit} to ${c.side}`, c] as const))(
  "%s",
  (_, { width, height, side, fit, data }) => {
    const background = mean.map((value) => Math.trunc(value * 255));
    const square = fitImage(draw(width, height), side, fit, "bicubic", background);
    expect([square.width, square.height]).toEqual([side, side]);
    expect(Buffer.from(square.data).toString("base64")).toBe(data);
  },
);

it.each(["crop", "pad"] as const)("%s of a strip whose way there takes gigabytes is refused", (fit) => {
  const strip: Pixels = { width: 60_000, height: 1, channels: 3, data: new Uint8Array(180_000) };
  expect(() => fitImage(strip, 224, fit, "bicubic", [0, 0, 0])).toThrow(/An image of 60000x1 px becomes .* Crop the image/);
  expect(fitImage(strip, 8, "squash", "bicubic", [0, 0, 0]).data.length).toBe(192);
});
