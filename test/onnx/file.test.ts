/** ONNX files read and written: an edit must lose nothing, and a damaged file must be refused rather than half understood. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import {
  externalLocations,
  onnxPieces,
  readOnnx,
  tensorData,
  withExternalData,
  withMetadata,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { readMessage, writeMessage } from "../../src/onnx/wire.ts";

const folder = fileURLToPath(new URL("../runtimes/models/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

describe("what was read is written again", () => {
  it.each(files)("%s, byte for byte", (name) => {
    expect(Buffer.compare(writeOnnx(readOnnx(bytesOf(name))), bytesOf(name))).toBe(0);
  });

  it("weights are views on the file, also after an edit", () => {
    const bytes = bytesOf(files[0]);
    const model = withMetadata(readOnnx(bytes), { author: "we" });
    const weights = (model.graph.initializer ?? []).flatMap(({ rawData }) => rawData ?? []);
    expect(weights.length).toBeGreaterThan(0);
    for (const weight of weights) expect(weight.buffer).toBe(bytes.buffer);
    expect(onnxPieces(model).parts.filter(({ buffer }) => buffer === bytes.buffer).length).toBeGreaterThanOrEqual(weights.length);
    expect(readOnnx(writeOnnx(model)).metadataProps).toEqual([{ key: "author", value: "we" }]);
  });

  it("fields of no known number survive, at every level", () => {
    const schema = { 1: ["name", "string"] } as const;
    const outer = { 2: ["inner", () => schema], ...schema } as const;
    const unknown = [Uint8Array.of(0x98, 0x06, 0x2a)]; // field 99: 42
    const message = { name: "a", inner: { name: "b", unknown }, unknown };
    const bytes = Buffer.concat([...writeMessage(message, outer).parts]);
    expect(readMessage(new Uint8Array(bytes), outer, "it")).toEqual(message);
  });

  it("the smallest and the largest numbers", () => {
    const schema = { 1: ["ints", "int", "many"] } as const;
    const ints = [0, -1, 127, 128, 2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 63n - 1n, -(2n ** 63n)];
    expect(readMessage(new Uint8Array(Buffer.concat([...writeMessage({ ints }, schema).parts])), schema, "it")).toEqual({ ints });
  });
});

describe("weights in a second file", () => {
  it("are written at page boundaries, read back, and loaded by onnxruntime", async () => {
    const place = mkdtempSync(join(tmpdir(), "s2-external-"));
    const weights = new Float32Array(2048).map((_, i) => i);
    const model = readOnnx(bytesOf("plain.onnx"));
    const raw = new Uint8Array(weights.buffer);
    model.graph.initializer!.push({ name: "large", dims: [2048], dataType: 1, rawData: raw });
    const { model: split, data } = withExternalData(model, "m.data");
    expect(externalLocations(split)).toEqual(["m.data"]);
    writeFileSync(join(place, "m.data"), Buffer.concat([...data.parts]));
    writeFileSync(join(place, "m.onnx"), writeOnnx(split));
    const back = readOnnx(readFileSync(join(place, "m.onnx")), (name) => readFileSync(join(place, name)));
    expect(tensorData(back.graph.initializer!.find(({ name }) => name === "large")!)).toEqual(weights);
    await (await InferenceSession.create(join(place, "m.onnx"), { logSeverityLevel: 4 })).release();
    rmSync(place, { recursive: true });
  });

  it("are those of 1,024 bytes and more; smaller tensors stay at hand", () => {
    const model = readOnnx(bytesOf("plain.onnx"));
    for (const length of [1023, 1024])
      model.graph.initializer!.push({ name: `${length}`, dims: [length], dataType: 2, rawData: new Uint8Array(length) });
    const { model: split, data } = withExternalData(model, "m.data");
    const placeOf = (name: string) => split.graph.initializer!.find((tensor) => tensor.name === name)!.dataLocation;
    expect([placeOf("1023"), placeOf("1024")]).toEqual([undefined, 1]);
    expect(data.parts.at(-1)).toHaveLength(1024);
  });

  it("are not looked for outside of the model's folder", () => {
    const model = readOnnx(bytesOf("plain.onnx"));
    const externalData = [{ key: "location", value: "../secret" }];
    model.graph.initializer!.push({ name: "large", dims: [1], dataType: 1, externalData, dataLocation: 1 });
    const read = () => readOnnx(writeOnnx(model), () => new Uint8Array(4));
    expect(read).toThrow(
      expect.objectContaining({ code: "onnx-file", message: expect.stringContaining("outside the model's folder") }),
    );
  });
});

it("more than 1.9 GB is refused for one file, before anything is joined", () => {
  const rawData = new Uint8Array(64e6);
  const model = readOnnx(bytesOf("plain.onnx"));
  for (let i = 0; i < 31; i++) model.graph.initializer!.push({ name: `w${i}`, dims: [64e6], dataType: 2, rawData });
  expect(() => writeOnnx(model)).toThrow(expect.objectContaining({ code: "too-large" }));
});

describe("2,000 damaged files", () => {
  /** Numbers that are the same every time. */
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };

  function damaged(bytes: Uint8Array): Uint8Array {
    const at = random(bytes.length);
    const length = 1 + random(16);
    const result = new Uint8Array(bytes);
    switch (random(5)) {
      case 0:
        return bytes.slice(0, at);
      case 1:
        result[at] ^= 1 << random(8);
        return result;
      case 2:
        result.fill(random(256), at, at + length);
        return result;
      case 3:
        return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]));
      default:
        return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1), at), bytes.subarray(at)]));
    }
  }

  it("are refused, or read to something that is written and read again as the same", () => {
    const originals = files.slice(0, 3).map(bytesOf);
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = damaged(originals[i % originals.length]);
      try {
        const model = readOnnx(bytes);
        expect(readOnnx(writeOnnx(model))).toEqual(model);
      } catch (error) {
        if (!(error instanceof S2Error)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(2000);
  });

  it("graphs nested without end", () => {
    // A model whose graph's node's attribute holds a graph, and so on.
    let inner = new Uint8Array(0);
    const wrap = (tag: number) => {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>= 7) {
        length.push((rest & 127) | (rest > 127 ? 128 : 0));
        if (rest <= 127) break;
      }
      inner = new Uint8Array(Buffer.concat([Uint8Array.of(tag, ...length), inner]));
    };
    for (let i = 0; i < 300; i++) for (const tag of [0x32, 0x2a, 0x0a]) wrap(tag); // attribute.g, node.attribute, graph.node
    wrap(0x3a);
    expect(() => readOnnx(inner)).toThrow(
      expect.objectContaining({ code: "onnx-file", message: expect.stringContaining("nested") }),
    );
  });
});
