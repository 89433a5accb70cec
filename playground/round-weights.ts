/** Rounds the weights of a float16 safetensors file so that a static host's gzip makes it a sixth smaller; see docs/playground.md. */

/** Bits of the mantissa that stay, of float16's 10. */
const KEPT_BITS = 7;

/** Returns a copy of the file whose weights have 7 bits of mantissa. @throws Error for weights that are not all float16. */
export function roundWeights(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header: Record<string, { dtype?: string }> = JSON.parse(new TextDecoder().decode(copy.subarray(8, start)));
  const other = Object.entries(header).find(([name, { dtype }]) => name !== "__metadata__" && dtype !== "F16");
  if (other) throw new Error(`${other[0]} is ${other[1].dtype}; expected F16 weights.`);
  const step = 1 << (10 - KEPT_BITS);
  for (let at = start; at < copy.length; at += 2) {
    const half = view.getUint16(at, true);
    const rounded = ((half & 0x7fff) + step / 2) & ~(step - 1);
    // Rounding up may carry into the exponent, which is right, unless it becomes infinity.
    view.setUint16(at, (half & 0x8000) | (rounded < 0x7c00 ? rounded : half & 0x7fff & ~(step - 1)), true);
  }
  return copy;
}
