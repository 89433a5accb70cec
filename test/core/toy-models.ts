/** The toy models of the golden folders (fixtures/s2/README.md), as plain functions that record their calls. */
import type { Tensor, VisionModel } from "../../src/core/index.ts";
import type { Golden, Stored } from "../fixtures/read.ts";

export interface ToyModel {
  kind: "patch-linear" | "tile-gain" | "tile-pos" | "batch-mean" | "conv-pool" | "conv-pool-gain";
  p: number;
  prefix: number;
  W: Stored;
  bias: Stored;
  A?: Stored;
  B?: Stored;
  row?: number;
  col?: number;
}

export interface Calls {
  dims: number[][];
  corners: number[][];
}

export function toyModel(toy: ToyModel, golden: Golden<unknown>, calls: Calls = { dims: [], corners: [] }): VisionModel {
  const W = golden.f32(toy.W).data;
  const bias = golden.f32(toy.bias).data;
  const A = toy.A && golden.f32(toy.A).data;
  const B = toy.B && golden.f32(toy.B).data;
  return (images) => {
    const [n, c, h, w] = images.dims;
    const size = c * h * w;
    calls.dims.push([n, c, h, w]);
    calls.corners.push(Array.from({ length: n }, (_, i) => images.data[i * size]));
    const means = Array.from({ length: n }, (_, i) => mean(images.data.subarray(i * size, (i + 1) * size)));
    return toy.kind.startsWith("conv") ? convPool(images, toy, W, bias, means) : tokens(images, toy, W, bias, means, A, B);
  };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function tokens(
  { dims, data }: Tensor,
  toy: ToyModel,
  W: Float32Array,
  bias: Float32Array,
  means: number[],
  A?: Float32Array,
  B?: Float32Array,
): Tensor {
  const [n, c, h, w] = dims;
  const { p, prefix } = toy;
  const d = bias.length;
  const [gh, gw] = [Math.floor(h / p), Math.floor(w / p)];
  const count = prefix + gh * gw;
  const out = new Float32Array(n * count * d);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < prefix; k++)
      for (let j = 0; j < d; j++) out[(i * count + k) * d + j] = A![k * d + j] * means[i] + B![k * d + j];
    for (let r = 0; r < gh; r++) {
      for (let q = 0; q < gw; q++) {
        for (let j = 0; j < d; j++) {
          let value = bias[j];
          for (let ch = 0; ch < c; ch++) {
            for (let u = 0; u < p; u++) {
              for (let v = 0; v < p; v++) {
                value += W[((j * c + ch) * p + u) * p + v] * data[((i * c + ch) * h + r * p + u) * w + q * p + v];
              }
            }
          }
          if (toy.kind === "tile-gain") value *= 1 + means[i];
          if (toy.kind === "tile-pos") value += toy.row! * r + toy.col! * q;
          if (toy.kind === "batch-mean") value += 0.25 * mean(means);
          out[(i * count + prefix + r * gw + q) * d + j] = value;
        }
      }
    }
  }
  return { dims: [n, count, d], data: out };
}

function convPool({ dims, data }: Tensor, toy: ToyModel, W: Float32Array, bias: Float32Array, means: number[]): Tensor {
  const [n, c, h, w] = dims;
  const { p } = toy;
  const d = bias.length;
  const [gh, gw] = [Math.floor(h / p), Math.floor(w / p)];
  const out = new Float32Array(n * d * gh * gw);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      for (let y = 0; y < gh * p; y++) {
        for (let x = 0; x < gw * p; x++) {
          let value = bias[j];
          for (let ch = 0; ch < c; ch++) {
            for (let u = 0; u < 3; u++) {
              for (let v = 0; v < 3; v++) {
                const [sy, sx] = [y + u - 1, x + v - 1];
                if (sy >= 0 && sy < h && sx >= 0 && sx < w)
                  value += W[(j * c + ch) * 9 + u * 3 + v] * data[((i * c + ch) * h + sy) * w + sx];
              }
            }
          }
          if (toy.kind === "conv-pool-gain") value *= 1 + means[i];
          out[((i * d + j) * gh + Math.floor(y / p)) * gw + Math.floor(x / p)] += value / (p * p);
        }
      }
    }
  }
  return { dims: [n, d, gh, gw], data: out };
}
