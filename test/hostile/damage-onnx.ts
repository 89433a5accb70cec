/** Damage to ONNX files that leaves them protobuf: dims, types, names, attributes, nodes that point to themselves, external places. */
import { readOnnx, writeOnnx } from "../../src/onnx/index.ts";
import type { Random } from "./corpus.ts";
import { EDGES } from "./damage.ts";

type Parent = Record<string, unknown>;

const strings = [
  "",
  "x",
  "__proto__",
  "constructor",
  "../../../etc/passwd",
  "/etc/passwd",
  "weights.bin",
  "If",
  "Loop",
  "Reshape",
];
strings.push(
  "Conv",
  "MatMul",
  "Concat",
  "Slice",
  "Expand",
  "ConstantOfShape",
  "Gather",
  "Transpose",
  "Range",
  "Resize",
  "Einsum",
);

/** A place in the message below `value`. */
function pickPlace(value: Parent, random: Random): { at: Parent; key: string } | undefined {
  let at = value;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return undefined;
    const key = random.pick(keys);
    const inner = at[key];
    if (typeof inner !== "object" || inner === null || ArrayBuffer.isView(inner) || random.below(8) === 0) return { at, key };
    at = inner as Parent;
  }
}

/** A graph's file with some of its fields changed. */
export function editOnnx(file: Uint8Array, random: Random): Uint8Array {
  const model = structuredClone(readOnnx(file)) as unknown as Parent;
  for (let n = 1 + random.below(3); n > 0; n--) {
    const place = pickPlace(random.below(4) ? (model.graph as Parent) : model, random);
    if (place) edit(place.at, place.key, model, random);
  }
  return writeOnnx(model as never);
}

function edit(at: Parent, key: string, model: Parent, random: Random): void {
  const value = at[key];
  if (typeof value === "number") at[key] = random.pick([...EDGES, -1, value + 1]);
  else if (typeof value === "bigint") at[key] = BigInt(random.pick([...EDGES, -1, 2 ** 53]));
  else if (typeof value === "string") at[key] = random.pick([...strings, ...namesOf(model)]);
  else if (value instanceof Uint8Array) at[key] = value.subarray(0, random.below(value.length + 1));
  else if (Array.isArray(value)) {
    const edits = [
      () => value.splice(random.below(value.length + 1), 1),
      () => value.push(...value.slice(-1)),
      () => value.reverse(),
      () => value.splice(0),
    ];
    random.pick(edits)();
  } else delete at[key];
}

/** Names of values, so that nodes get others than their own. */
function namesOf(model: Parent): string[] {
  const { node = [] } = (model.graph ?? {}) as { node?: { output?: string[] }[] };
  return node.flatMap(({ output = [] }) => output).slice(0, 40);
}
