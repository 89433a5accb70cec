/** A damaged JSON file must end in a sentence that names the file and the field, never in a TypeError far from it. */
import { array, integer, minValue, number, object, pipe, record, string } from "valibot";
import { expect, it } from "vitest";
import { parseJson, showJson } from "../../src/tensors/json.ts";

const schema = object({ name: string(), sizes: array(pipe(number(), integer(), minValue(1))) });
const source = { code: "head" as const, name: "head.json", advice: "Fit the head again." };
const parse = (json: string | Uint8Array) => parseJson(schema, json, source);

it("returns what the schema describes, from text and from bytes with a byte order mark", () => {
  const json = '{"name":"a","sizes":[1,2]}';
  expect(parse(json)).toEqual({ name: "a", sizes: [1, 2] });
  expect(parse(new TextEncoder().encode(`\uFEFF${json}`))).toEqual({ name: "a", sizes: [1, 2] });
});

it.each([
  ["{", /^head.json is not valid JSON \(.+\). Fit the head again.$/],
  ["null", "head.json is null; expected Object. Fit the head again."],
  ['{"sizes":[]}', 'head.json has name = nothing; expected "name". Fit the head again.'],
  ['{"name":1,"sizes":[]}', "head.json has name = 1; expected string. Fit the head again."],
  ['{"name":"a","sizes":[1,0.5]}', "head.json has sizes.1 = 0.5; Invalid integer: Received 0.5. Fit the head again."],
  ['{"name":"a","sizes":[1,0]}', "head.json has sizes.1 = 0; expected >=1. Fit the head again."],
])("%s is refused with the first mistake", (json, message) => {
  expect(() => parse(json)).toThrow(message);
  expect(() => parse(json)).toThrow(expect.objectContaining({ code: "head" }));
});

it("refuses bytes that are no UTF-8, and cuts long values", () => {
  expect(() => parse(new Uint8Array([0xff, 0xfe, 0x7b]))).toThrow(/not valid JSON/);
  expect(() => parse(JSON.stringify({ name: ["x".repeat(500)], sizes: [] }))).toThrow(/^.{0,140}$/);
});

it("refuses one byte that is no UTF-8 in a string, and keeps a byte order mark that is not at the start", () => {
  const json = new TextEncoder().encode('{"name":"a","sizes":[]}');
  const broken = json.slice();
  broken[9] = 0xff;
  expect(() => parse(broken)).toThrow(expect.objectContaining({ code: "head", cause: expect.any(TypeError) }));
  expect(parse('{"name":"\uFEFFa","sizes":[]}').name).toBe("\uFEFFa");
});

it("shows 60 characters of a value, and the first 60 of a longer one", () => {
  expect(showJson("x".repeat(58))).toBe(`"${"x".repeat(58)}"`);
  expect(showJson("x".repeat(59))).toBe(`"${"x".repeat(59)}...`);
});

it("says of a value that is nested too deeply to be written that it is", () => {
  const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
  expect(() => parse(`{"name":${deep}}`)).toThrow(
    "head.json has name = a value that is nested too deeply or too long; expected string",
  );
});

it("takes records", () => {
  expect(parseJson(record(string(), number()), '{"a":1}', source)).toEqual({ a: 1 });
});
