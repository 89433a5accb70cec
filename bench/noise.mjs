/** Numbers to compute on: the same in every run. */

/** A tensor of pseudo-random numbers from -1 to 1 (a linear congruential generator, constants of Numerical Recipes). */
export function noise(dims) {
  const data = new Float32Array(dims.reduce((a, d) => a * d, 1));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return { dims, data };
}

/** 8-bit RGB pixels like an image's: smooth light and shade, a few hard edges, and grain. */
export function drawImage(width, height) {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const grain = (state >>> 27) - 16;
      const edge = (Math.floor(x / 431) + Math.floor(y / 337)) % 3 === 0 ? 40 : 0;
      data[p] = 110 + 70 * Math.sin(x / 520) + edge + grain / 2;
      data[p + 1] = 110 + 70 * Math.sin(y / 390 + 1) + edge / 2 + grain / 2;
      data[p + 2] = 110 + 70 * Math.sin((x + y) / 700 + 2) + grain / 2;
    }
  }
  return { width, height, channels: 3, data };
}
