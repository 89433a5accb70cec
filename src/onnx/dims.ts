/** Sizes that may be symbolic: a number, or a product such as "batch" or "14*batch"; any other string is opaque. */

/** A size: a number, or a symbol such as "batch" for one that is not known when the graph is built. */
export type Dim = number | string;

interface Product {
  readonly factor: number;
  readonly symbols: readonly string[]; // sorted
}

export const isNumber = (dim: Dim | undefined): dim is number => typeof dim === "number";

/** Returns true for two sizes that are known and differ. */
export const differ = (a: Dim | undefined, b: Dim | undefined): boolean => isNumber(a) && isNumber(b) && a !== b;

/** Makes the text of a computed size opaque: it is no product that could be multiplied or divided. */
export const opaque = (text: string): string => text.replaceAll("*", "·");

function parse(dim: Dim): Product {
  if (typeof dim === "number") return { factor: dim, symbols: [] };
  const factors = dim.split("*");
  const isWhole = (factor: string) => /^\d+$/.test(factor);
  return {
    factor: factors.filter(isWhole).reduce((product, factor) => product * Number(factor), 1),
    symbols: factors.filter((factor) => !isWhole(factor)).sort(),
  };
}

function print({ factor, symbols }: Product): Dim {
  if (symbols.length === 0 || factor === 0) return factor;
  return factor === 1 ? symbols.join("*") : `${factor}*${symbols.join("*")}`;
}

/** The product of sizes. */
export function multiply(dims: readonly Dim[]): Dim {
  const products = dims.map(parse);
  return print({
    factor: products.reduce((product, { factor }) => product * factor, 1),
    symbols: products.flatMap(({ symbols }) => symbols).sort(),
  });
}

/** The quotient of two sizes; undefined where it is not known to be a whole number. */
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

/** The sum of sizes; opaque with a symbol among them, unless all are multiples of the same. */
export function sum(dims: readonly Dim[]): Dim {
  const terms = dims.filter((dim) => dim !== 0).map(parse);
  if (terms.length === 0) return 0;
  const [{ symbols }] = terms;
  if (terms.some((term) => term.symbols.join("*") !== symbols.join("*"))) return opaque(`(${dims.join("+")})`);
  return print({ factor: terms.reduce((total, { factor }) => total + factor, 0), symbols });
}

/** A size computed from another by `rule`; opaque for a symbol. */
export function derived(dim: Dim, rule: (size: number) => number, name: string): Dim {
  return typeof dim === "number" ? rule(dim) : `${name}(${opaque(dim)})`;
}

/** NumPy's broadcasting; undefined where sizes do not fit. A symbol fits itself and 1; beside a number it is taken to be that number. */
export function broadcast(...shapes: readonly (readonly Dim[])[]): Dim[] | undefined {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    let size: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[shape.length - rank + axis] ?? 1;
      if (dim === 1 || dim === size) continue;
      if (size === 1 || (typeof size === "string" && typeof dim === "number")) size = dim;
      else if (differ(size, dim)) return undefined;
    }
    result.push(size);
  }
  return result;
}

/** A shape as messages show it. */
export const shapeText = (dims: readonly Dim[]): string => `[${dims.join(", ")}]`;
