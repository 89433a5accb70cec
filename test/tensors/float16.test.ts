/** Half-precision floats bit for bit: who stores features as float16 must read what NumPy would have stored. */
import { expect, it } from "vitest";
import { fromBfloat16, fromFloat16, toFloat16 } from "../../src/tensors/index.ts";

const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const isNan = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

/** By the definition of IEEE 754 binary16. */
function numberOf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 0x3ff];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

it("every half is read as the number that it stands for", () => {
  const floats = fromFloat16(halves);
  halves.forEach((bits) => {
    if (!Object.is(floats[bits], numberOf(bits))) expect.fail(`${bits.toString(16)} is ${floats[bits]}`);
  });
});

it("every half comes back from its number, NaN with its sign and payload", () => {
  expect(toFloat16(fromFloat16(halves))).toEqual(halves);
});

it("numbers between two halves go to the nearer one, and from the middle to the even one", () => {
  // Up to the largest finite half, whose next is infinity: its middle, 65520, is even there too.
  for (let low = 0; low < 0x7c00; low++) {
    const [a, b] = [numberOf(low), low === 0x7bff ? 65536 : numberOf(low + 1)];
    const middle = (a + b) / 2;
    const below = Math.fround(a + (b - a) * 0.499);
    const above = Math.fround(a + (b - a) * 0.501);
    const got = toFloat16(Float32Array.of(below, middle, above, -below, -middle, -above));
    const even = low % 2 === 0 ? low : low + 1;
    const expected = [low, even, low + 1, low, even, low + 1].map((bits, i) => (i < 3 ? bits : bits | 0x8000));
    if (String(got) !== String(expected)) expect.fail(`between ${a} and ${b}: ${got}, expected ${expected}`);
  }
});

it("what is too large becomes infinity, and no NaN becomes infinity by losing its payload", () => {
  const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000).buffer);
  const got = toFloat16(Float32Array.of(65519, 65520, 65536, 3e38, Number.NEGATIVE_INFINITY));
  expect([...got]).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00]);
  expect([...toFloat16(nan)].map(isNan)).toEqual([true, true, true]);
  expect(toFloat16(nan)[1] & 0x8000).toBe(0x8000);
});

it("bfloat16 is the upper half of a float32", () => {
  expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0))]).toEqual([1, -2, Number.POSITIVE_INFINITY, 0]);
});
