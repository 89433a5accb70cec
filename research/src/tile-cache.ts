/** A model that runs once on each tile, for experiments that lay the same tiles out in several ways. */
import type { Tensor } from "s2-vision";
import type { extract } from "s2-vision/node";

type ImageModel = Parameters<typeof extract>[0];

/** Wraps a model so that a tile it has seen is not run again; one image's output takes some hundred kB of memory. */
export function cacheTiles(model: ImageModel): ImageModel {
  const known = new Map<string, Tensor>();
  const cached = async (images: Tensor): Promise<Tensor> => {
    const [count] = images.dims;
    const size = images.data.length / count;
    const keys = Array.from({ length: count }, (_, i) => hash(images.data.subarray(i * size, (i + 1) * size)));
    const missing = [...keys.keys()].filter((i) => !known.has(keys[i]) && keys.indexOf(keys[i]) === i);
    if (missing.length > 0) {
      const data = new Float32Array(missing.length * size);
      for (const [at, i] of missing.entries()) data.set(images.data.subarray(i * size, (i + 1) * size), at * size);
      const output = await model({ dims: [missing.length, ...images.dims.slice(1)], data });
      const each = output.data.length / missing.length;
      for (const [at, i] of missing.entries())
        known.set(keys[i], { dims: output.dims.slice(1), data: output.data.slice(at * each, (at + 1) * each) });
    }
    const outputs = keys.map((key) => known.get(key)!);
    const data = new Float32Array(count * outputs[0].data.length);
    for (const [i, output] of outputs.entries()) data.set(output.data, i * output.data.length);
    return { dims: [count, ...outputs[0].dims], data };
  };
  return Object.assign(cached, { traits: model.traits, preprocessing: model.preprocessing });
}

/** Two FNV-1a hashes of the bits: 64 bits, so that no two of some hundred thousand tiles meet. */
function hash(values: Float32Array): string {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < bits.length; i++) {
    a = Math.imul(a ^ bits[i], 0x01000193);
    b = Math.imul(b ^ (bits[i] >>> 7) ^ (bits[i] << 25), 0x5bd1e995) + 0x9e3779b9;
  }
  return `${values.length}:${a >>> 0}:${b >>> 0}`;
}
