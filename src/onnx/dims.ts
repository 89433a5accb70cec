/** Sizes that may be symbolic: a number, or a product such as "batch" or "14*batch"; anything else that is a string is opaque. */

export type Dim = number | string;

interface Product {
  readonly factor: number;
  readonly symbols: readonly string[]; // sorted
}

function parse(dim: Dim): Product {
  if (typeof dim === "number") return { factor: dim, symbols: [] };
  const parts = dim.split("*");
  const numbers = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  return {
    factor: numbers.reduce((product, number) => product * number, 1),
    symbols: parts.filter((part) => !/^\d+$/.test(part)).sort(),
  };
}

function print({ factor, symbols }: Product): Dim {
  if (symbols.length === 0 || factor === 0) return factor;
  return factor === 1 ? symbols.join("*") : `${factor}*${symbols.join("*")}`;
}

/** The product of sizes. */
export function multiply(dims: readonly Dim[]): Dim {
  const parts = dims.map(parse);
  return print({
    factor: parts.reduce((product, { factor }) => product * factor, 1),
    symbols: parts.flatMap(({ symbols }) => symbols).sort(),
  });
}

/** The size that times `divisor` gives `dividend`; undefined where that is not known to be whole. */
export function divide(dividend: Dim, divisor: Dim): Dim | undefined {
  const [above, below] = [parse(dividend), parse(divisor)];
  const symbols = [...above.symbols];
  for (const symbol of below.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  const factor = above.factor / below.factor;
  return Number.isInteger(factor) ? print({ factor, symbols }) : undefined;
}

/** The sum of sizes; an opaque one where a symbol is among them (but for n times the same). */
export function sum(dims: readonly Dim[]): Dim {
  const parts = dims.filter((dim) => dim !== 0).map(parse);
  if (parts.length === 0) return 0;
  const symbols = parts[0].symbols.join("*");
  if (parts.some((part) => part.symbols.join("*") !== symbols)) return `(${dims.join("+")})`.replaceAll("*", "·");
  return print({ factor: parts.reduce((total, { factor }) => total + factor, 0), symbols: parts[0].symbols });
}

/** A size computed from another by `rule`; an opaque one from a symbol. */
export function derived(dim: Dim, rule: (size: number) => number, name: string): Dim {
  return typeof dim === "number" ? rule(dim) : `${name}(${dim.replaceAll("*", "·")})`;
}

/** Numpy's broadcasting of shapes; undefined where two sizes do not go together. A symbol goes with itself and with 1; beside a number it is that number. */
export function broadcast(...shapes: readonly (readonly Dim[])[]): Dim[] | undefined {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    let size: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[shape.length - rank + axis] ?? 1;
      if (dim === 1 || dim === size) continue;
      if (size === 1 || (typeof size === "string" && typeof dim === "number")) size = dim;
      else if (typeof size === "number" && typeof dim === "number") return undefined;
    }
    result.push(size);
  }
  return result;
}

/** A shape as it is written in messages. */
export const shapeText = (dims: readonly Dim[]): string => `[${dims.join(", ")}]`;
