/** Quarter turns byte by byte: an image whose turn is overlooked has its sides swapped, and every box drawn on it lies elsewhere. */
import { describe, expect, it } from "vitest";
import { swapsSides } from "../../src/images/orientation.ts";

const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
const big = (value: number, bytes: number) => Array.from({ length: bytes }, (_, i) => (value >>> (8 * (bytes - 1 - i))) & 255);
const small = (value: number, bytes: number) => big(value, bytes).reverse();

/** A TIFF structure: entries [tag, value] in a directory that starts `gap` bytes after the header. */
function tiff(
  entries: readonly (readonly [tag: number, value: number])[],
  order: "II" | "MM" = "II",
  gap = 0,
  magic = 42,
): number[] {
  const number = order === "II" ? small : big;
  const directory = entries.flatMap(([tag, value]) => [
    ...number(tag, 2),
    ...number(3, 2),
    ...number(1, 4),
    ...number(value, 2),
    0,
    0,
  ]);
  const header = [...text(order), ...number(magic, 2), ...number(8 + gap, 4)];
  return [...header, ...new Array(gap).fill(7), ...number(entries.length, 2), ...directory, 0, 0, 0, 0];
}
const turned = tiff([[274, 6]]);

const segment = (marker: number, payload: number[]) => [0xff, marker, ...big(payload.length + 2, 2), ...payload];
const exif = (structure = turned) => segment(0xe1, [...text("Exif\0\0"), ...structure]);
const jpeg = (...parts: number[][]) => [0xff, 0xd8, ...parts.flat(), 0xff, 0xd9];

const chunk = (type: string, payload: number[]) => [...big(payload.length, 4), ...text(type), ...payload, 1, 2, 3, 4];
const png = (...chunks: number[][]) => [0x89, ...text("PNG\r\n\x1a\n"), ...chunks.flat()];

const riff = (type: string, payload: number[]) => [
  ...text(type),
  ...small(payload.length, 4),
  ...payload,
  ...new Array(payload.length % 2).fill(0),
];
const webp = (...chunks: number[][]) => [
  ...text("RIFF"),
  ...small(4 + chunks.flat().length, 4),
  ...text("WEBP"),
  ...chunks.flat(),
];

const box = (type: string, payload: number[]) => [...big(8 + payload.length, 4), ...text(type), ...payload];
const avif = (properties: number[], brand = "ftyp") => [
  ...box(brand, text("avif")),
  ...box("free", [0, 0]),
  ...box("meta", [0, 0, 0, 0, ...box("hdlr", [1, 2, 3]), ...box("iprp", [...box("ipco", properties), ...box("ipma", [0])])]),
];
const irot = (quarters: number) => box("irot", [quarters]);

const swaps = (bytes: number[]) => swapsSides(Uint8Array.from(bytes));

describe.each(["II", "MM"] as const)("a TIFF in the byte order %s", (order) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 300])("of orientation %i", (orientation) => {
    expect(swaps(tiff([[274, orientation]], order))).toBe(orientation >= 5 && orientation <= 8);
  });

  it("has the orientation among other tags, in a directory that stands later, and the first one counts", () => {
    const others = [
      [256, 6],
      [273, 6],
    ] as const;
    expect(swaps(tiff([...others, [274, 8]], order, 10))).toBe(true);
    expect(swaps(tiff([...others, [275, 6]], order, 10))).toBe(false);
    expect(
      swaps(
        tiff(
          [
            [274, 1],
            [274, 6],
          ],
          order,
        ),
      ),
    ).toBe(false);
    expect(swaps(tiff([], order))).toBe(false);
  });
});

describe("where the EXIF stands", () => {
  it.each<[string, number[], boolean]>([
    ["JPEG", jpeg(exif()), true],
    ["JPEG, upright", jpeg(exif(tiff([[274, 1]]))), false],
    ["JPEG, big-endian", jpeg(exif(tiff([[274, 5]], "MM", 4))), true],
    [
      "JPEG, after other segments and fill bytes",
      jpeg(segment(0xe0, [1, 2, 3]), segment(0xe1, text("http://ns.adobe.com")), [0xff, 0xff], exif()),
      true,
    ],
    ["JPEG, behind the start of the scan", jpeg(segment(0xda, [0]), exif()), false],
    ["JPEG, behind the end of the image", jpeg([0xff, 0xd9, 0, 2], exif()), false],
    ["JPEG, after bytes that are no segment", jpeg([0, 0, 0, 2], exif()), false],
    ["JPEG, not in APP1", jpeg(segment(0xe2, [...text("Exif\0\0"), ...turned])), false],
    ["JPEG, whose EXIF is in another byte order than it can be", jpeg(exif([...text("XX"), ...turned.slice(2)])), false],
    ["JPEG, whose byte order mark is mixed", jpeg(exif([...text("IM"), ...turned.slice(2)])), false],
    ["JPEG, whose EXIF is no TIFF", jpeg(exif(tiff([[274, 6]], "II", 0, 43))), false],
    ["JPEG without EXIF", jpeg(segment(0xe0, [1, 2, 3, 4, 5, 6, 7, 8])), false],
    ["a file of another start", [0xff, 0xd7, ...exif()], false],
    ["PNG", png(chunk("IHDR", [1, 2, 3]), chunk("eXIf", turned), chunk("IDAT", [])), true],
    ["PNG, behind the pixels", png(chunk("IHDR", [1, 2, 3]), chunk("IDAT", []), chunk("eXIf", turned)), false],
    ["PNG without EXIF", png(chunk("IHDR", [1, 2, 3])), false],
    ["WebP", webp(riff("VP8X", [1, 2, 3]), riff("EXIF", turned)), true],
    ["WebP, with JPEG's prefix", webp(riff("VP8X", [1, 2]), riff("EXIF", [...text("Exif\0\0"), ...turned])), true],
    ["WebP without EXIF", webp(riff("VP8X", [1, 2])), false],
    ["a RIFF file that is no WebP", [...text("RIFF\0\0\0\0WAVE"), ...riff("EXIF", turned)], false],
    ["AVIF, a quarter", avif([...box("ispe", [0, 0, 0]), ...irot(1)]), true],
    ["AVIF, three quarters", avif(irot(3)), true],
    ["AVIF, a half", avif(irot(2)), false],
    ["AVIF, none", avif(irot(0)), false],
    ["AVIF without the property", avif(box("ispe", [0])), false],
    ["AVIF, beyond its properties", [...avif(box("ispe", [0])), ...irot(1)], false],
    ["boxes of another format", avif(irot(1), "moov"), false],
    ["AVIF whose box claims no bytes", [...box("ftyp", []), 0, 0, 0, 0, ...text("free"), ...avif(irot(1))], true],
  ])("%s", (_, bytes, expected) => {
    expect(swaps(bytes)).toBe(expected);
    const within = Uint8Array.from([9, 9, 9, ...bytes, 9]); // bytes of a larger buffer
    expect(swapsSides(within.subarray(3, -1))).toBe(expected);
  });
});

it("an image that is cut short is upright until the bytes that turn it are there", () => {
  for (const image of [jpeg(exif()), png(chunk("eXIf", turned)), webp(riff("EXIF", turned)), turned, avif(irot(1))]) {
    const cuts = image.map((_, length) => swaps(image.slice(0, length)));
    const first = cuts.indexOf(true);
    expect(first).toBeGreaterThan(image.length / 2);
    expect(cuts.slice(first).every(Boolean)).toBe(true);
  }
});
