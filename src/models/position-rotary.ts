/** Rotary position embeddings in two dimensions as DINOv3 has them (arXiv 2508.10104, RopePositionEmbedding), as tables made at build time. */
import { Add, Concat, constant, type Graph, Mul, type ShapedValue, Split } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";

export interface RotaryTables {
  /** [tokens, d], of heads with d channels. */
  readonly cos: ShapedValue;
  /** [tokens, d], negative in the half that takes the other's negative. */
  readonly sin: ShapedValue;
}

/** The grid's tokens are turned by where their centers are, -1 to 1 along each axis; the `prefix` tokens before them are not. */
export function rotaryTables(graph: Graph, [rows, cols]: Size, prefix: number, d: number, theta: number): RotaryTables {
  const cos = new Float32Array((prefix + rows * cols) * d).fill(1, 0, prefix * d);
  const sin = new Float32Array(cos.length);
  const quarter = d / 4;
  for (let cell = 0; cell < rows * cols; cell++) {
    const y = (2 * (Math.floor(cell / cols) + 0.5)) / rows - 1;
    const x = (2 * ((cell % cols) + 0.5)) / cols - 1;
    for (let channel = 0; channel < d; channel++) {
      // Angles of y, then of x, then both again: channel i turns with i + d/2.
      const at = channel % (d / 2);
      const angle = (2 * Math.PI * (at < quarter ? y : x)) / theta ** ((at % quarter) / quarter);
      const i = (prefix + cell) * d + channel;
      cos[i] = Math.cos(angle);
      sin[i] = channel < d / 2 ? -Math.sin(angle) : Math.sin(angle);
    }
  }
  const table = (data: Float32Array, name: string) => constant(graph, "float32", [cos.length / d, d], data, name);
  return { cos: table(cos, "rope.cos"), sin: table(sin, "rope.sin") };
}

/** x [b, heads, tokens, d] turned: x·cos + (halves changed)·sin. */
export function rotated(x: ShapedValue, { cos, sin }: RotaryTables): ShapedValue {
  const d = x.dims.at(-1) as number;
  const [first, second] = Split(x, [d / 2, d / 2], -1);
  return Add(Mul(x, cos), Mul(Concat([second, first], -1), sin));
}
