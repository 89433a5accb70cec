/** Groups of duplicates: what is joined, what is kept apart, and which image comes first. */
import { expect, it } from "vitest";
import { differenceHash } from "../../src/images/index.ts";
import { findDuplicates, type ImageSignature } from "../../src/retrieval/index.ts";

const hashes = [1, 2, 3].map((seed) => {
  const data = Uint8Array.from(
    { length: 64 * 64 * 3 },
    (_, i) => (Math.imul(Math.floor(i / 24) + seed, 2654435761) >>> 24) & 255,
  );
  return differenceHash({ width: 64, height: 64, channels: 3, data });
});

function signature(image: string, picture: number, changes: Partial<ImageSignature> = {}): ImageSignature {
  const vector = Float32Array.from({ length: 3 }, (_, i) => (i === picture ? 1 : 0.01));
  return {
    ...{ image, size: [64, 64], bytes: 1000, contentHash: image, pixelHash: `pixels of ${image}` },
    ...{ differenceHash: hashes[picture], vector, ...changes },
  };
}

const found = (images: ImageSignature[], options = {}) =>
  findDuplicates(images, options).map(({ kind, images }) => [
    kind,
    ...images.map(({ image, relation }) => `${image}: ${relation}`),
  ]);

it("joins the same bytes, the same pixels and near pictures, and names each relation to the one to keep", () => {
  const images = [
    signature("small", 0, { size: [32, 32] }),
    signature("other", 1),
    signature("large", 0),
    signature("large again", 0, { contentHash: "large", pixelHash: "pixels of large" }),
    signature("large as png", 0, { pixelHash: "pixels of large", bytes: 900 }),
    signature("third", 2),
    signature("third, copied", 2, { contentHash: "third", pixelHash: "pixels of third" }),
  ];
  expect(found(images)).toEqual([
    ["near", "large: keep", "large again: same bytes", "large as png: same pixels", "small: near"],
    ["exact", "third: keep", "third, copied: same bytes"],
  ]);
  expect(found([...images].reverse())).toEqual(found(images)); // the order of the images does not matter
});

it("needs both a similar vector and a similar hash", () => {
  const other = Float32Array.of(0, 1, 0);
  expect(found([signature("a", 0), signature("b", 0, { vector: other })])).toEqual([]);
  expect(found([signature("a", 0), signature("b", 1, { vector: Float32Array.of(1, 0, 0) })])).toEqual([]);
  expect(found([signature("a", 0), signature("b", 0, { vector: other })], { minSimilarity: 0 })).toHaveLength(1);
});

it("joins pairs with a common image to one group", () => {
  const flip = (bits: number) => hashes[0].map((word, i) => (i % 4 === 0 ? word ^ (2 ** bits - 1) : word));
  const chain = [0, 10, 20].map((bits) => signature(`${bits}`, 0, { differenceHash: flip(bits) }));
  expect(found(chain)).toEqual([["near", "0: keep", "10: near", "20: near"]]);
  expect(found([chain[0], chain[2]])).toEqual([]);
});

it("refuses thresholds that no pair can have", () => {
  expect(() => findDuplicates([], { minSimilarity: 2 })).toThrow("expected a cosine, -1 to 1");
  expect(() => findDuplicates([], { maxDifference: 129 })).toThrow("expected a whole number of bits, 0 to 128");
});
