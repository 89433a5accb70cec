/** Damage to JSON: fields of wrong types, gone, twice, named like JavaScript's own; texts that are no JSON, or in another encoding. */
import type { Random } from "./corpus.ts";

const ODD: readonly unknown[] = [
  ...[null, true, "", "x", "__proto__", "constructor", "../../../etc/passwd", "\0", "\ud800", "1e5", "9".repeat(400)],
  ...[-1, 0, 0.5, 1, 2, 3, 1e6, 1e9, 2 ** 31, 2 ** 53, 1e300, -1e300],
  ...[[], {}, [1e9], [[]], [null], [1, 2, 3], [0, 0, 0], ["a", "a"], [1e9, 1e9], { a: 1 }, { 0: 0 }, { __proto__: null }],
];

type Parent = Record<string, unknown>;

/** A place in a JSON value: an object or list, and a key of it. */
function pickPlace(value: Parent, random: Random): { at: Parent; key: string } {
  let at = value;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys.length > 0 ? random.pick(keys) : "new";
    const inner = at[key];
    if (typeof inner !== "object" || inner === null || random.below(3) === 0) return { at, key };
    at = inner as Parent;
  }
}

/** A copy with some values changed, gone, or moved to another name. */
export function mutate<T>(value: T, random: Random): T {
  const copy = { value: structuredClone(value) } as Parent;
  for (let n = 1 + random.below(3); n > 0; n--) {
    const { at, key } = pickPlace(copy, random);
    const edits = [
      () => delete at[key],
      () => {
        at[random.pick(["__proto__x", "constructor", "toString", "length", "prototype"])] = at[key];
      },
      () => Object.defineProperty(at, "__proto__", { value: at[key], enumerable: true, configurable: true, writable: true }),
      () => {
        at[key] = [at[key]];
      },
      () => {
        at[key] = String(at[key]);
      },
      () => {
        if (typeof at[key] === "number") at[key] = random.pick([-at[key], at[key] + 1, at[key] * 1e4, at[key] / 3]);
      },
      ...Array<() => void>(6).fill(() => {
        at[key] = structuredClone(random.pick(ODD));
      }),
    ];
    random.pick(edits)();
  }
  return (copy.value ?? null) as T;
}

const depths = [100, 5000, 200_000];

/** Damage to the text, whatever it says. */
const texts: readonly ((text: string, random: Random) => string | Buffer)[] = [
  (text) => `\ufeff${text}`,
  (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  (text) => Buffer.from(`é${text}`, "latin1"),
  (_, random) => `{"a":${"[".repeat(random.pick(depths))}`,
  (text, random) => {
    const deep = random.pick(depths);
    return text.replace(/:\s*[^,{}[\]]+/, `:${"[".repeat(deep)}${"]".repeat(deep)}`);
  },
  (text) => text.replaceAll(/:\s*-?\d+(\.\d+)?/g, ": NaN"),
  (text, random) => text.replace(/:\s*-?\d+(\.\d+)?/, `: ${random.pick(["1e999", "-1e999", "-0", "00", "0x10"])}`),
  (text) => text.replace("{", '{"__proto__": {"polluted": true},'),
  // Each name twice: parsers take the last.
  (text) => text.replace(/"([^"]+)":/, '"$1": null, "$1":'),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace(/}\s*$/, ",}"),
  () => "null",
  () => "[]",
  () => "{}",
  () => '"text"',
  () => "1",
];

/** A damaged JSON file. */
export function damageJson(file: Uint8Array, random: Random): Buffer {
  const text = Buffer.from(file).toString("utf8");
  if (random.below(4) === 0) return Buffer.from(random.pick(texts)(text, random) as Buffer);
  return Buffer.from(JSON.stringify(mutate(JSON.parse(text), random)));
}
