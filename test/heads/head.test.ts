/** Guarantees of head files: they come back bit for bit, and files that do not belong together are refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkHead, type FeatureHead, type Head, readHead, writeHead } from "../../src/heads/index.ts";

const head: FeatureHead & { classes: string[] } = {
  kind: "probe",
  channelsPerScale: [2],
  classes: ["café", "帽子"],
  tensors: { weight: { dims: [1, 2], data: Float32Array.of(1, 2) }, bias: { dims: [1], data: Float32Array.of(-0) } },
};

describe("a head in files", () => {
  it("comes back bit for bit, whatever its numbers", () => {
    const json = fc.dictionary(
      fc.string().filter((key) => !["kind", "tensors", "__proto__"].includes(key)),
      fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value, signed).includes("minus zero")),
    );
    fc.assert(
      fc.property(json, fc.float32Array({ noNaN: false, minLength: 1 }), (fields, data) => {
        const before: Head = { kind: "knn", ...fields, tensors: { rows: { dims: [data.length], data } } };
        const { json, weights } = writeHead(before);
        const after = readHead(json, weights);
        expect(after).toEqual(before);
        expect(new Uint32Array(after.tensors.rows.data.slice().buffer)).toEqual(new Uint32Array(data.slice().buffer));
      }),
    );
  });

  it.each([
    ["infinite", { temperature: Number.POSITIVE_INFINITY }],
    ["undefined", { temperature: undefined }],
    ["minus zero", { bins: [1, -0] }],
    ["a typed array", { bins: { of: Float32Array.of(1) } }],
  ])("is not written with a field that JSON would change: %s", (_, field) => {
    expect(() => writeHead({ ...head, ...field })).toThrow(/JSON does not keep/);
  });

  it("is refused where the two files are of different heads, or one is damaged", () => {
    const { json, weights } = writeHead(head);
    const other = writeHead({ ...head, tensors: { weight: { dims: [2, 1], data: Float32Array.of(1, 2) } } });
    expect(() => readHead(json, other.weights)).toThrow(/has weight as F32 \[2, 1\], and head.json says F32 \[1, 2\]/);
    expect(() => readHead(other.json, weights)).toThrow("different heads");
    expect(() => readHead(json.slice(0, -5), weights)).toThrow("head.json is not valid JSON");
    expect(() => readHead("[]", weights)).toThrow("head.json has kind = nothing; expected");
    expect(() => readHead('{"kind": "a"}', weights)).toThrow("head.json has tensors = nothing; expected");
    expect(() => readHead(json, weights.subarray(0, 60))).toThrow("Not a safetensors file");
  });

  it("is refused before it runs where its kind or its tensors are another's", () => {
    const check = (kind: string, dims: Record<string, number[]>) => checkHead(head, kind, {}, () => dims);
    expect(() => check("depth", {})).toThrow('Got a head of kind "probe"; expected "depth"');
    expect(() => check("probe", { weight: [2, 2] })).toThrow("weight is [1, 2]; its other fields want [2, 2]");
    expect(() => check("probe", { bins: [2] })).toThrow("bins is [absent]");
    expect(check("probe", { weight: [1, 2], bias: [1] })).toBe(2);
  });
});

const signed = (_: string, value: unknown) => (Object.is(value, -0) ? "minus zero" : value);
