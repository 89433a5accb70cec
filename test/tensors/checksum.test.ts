/** A file that was damaged anywhere is noticed when it is read, and the refusal names it. */
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { readHead, writeHead } from "../../src/heads/index.ts";
import { addImages, memoryVectors, openIndex } from "../../src/retrieval/index.ts";
import { readFeatures, writeFeatures } from "../../src/store/index.ts";
import {
  checkChecksum,
  checksumEntry,
  makeRandom,
  readChecked,
  withChecksum,
  writeChecked,
  writeSafetensors,
} from "../../src/tensors/index.ts";
import { drawVectors, label } from "../heads/vectors.ts";

const source = { code: "checkpoint" as const, name: "a file", advice: "Make it again." };
const tensors = { a: { dtype: "F32", dims: [3], data: Float32Array.of(1, 2, 3) } } as const;
const metadata = { fingerprint: `a "sha256":"${"0".repeat(64)}" in a text`, name: "é" };

/** Copies of a file, cut short or with one byte changed, each at a place that the seed gives. */
function* damaged(file: Uint8Array, count = 300): Generator<Uint8Array> {
  const random = makeRandom(7);
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random() * file.length);
    if (i % 3 === 0) yield file.slice(0, at);
    else {
      const copy = file.slice();
      copy[at] ^= 1 << Math.floor(8 * random());
      yield copy;
    }
  }
}

/** Fails unless `read` gives a value or an S2Error. */
async function answerOf(read: () => unknown): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    expect(error, String((error as Error).stack)).toBeInstanceOf(S2Error);
    return undefined;
  }
}

describe("a checksum", () => {
  it("is right for what was written, whatever the metadata say, and absent elsewhere", async () => {
    const file = await writeChecked(tensors, metadata);
    expect(await checkChecksum(file)).toBe("right");
    expect((await readChecked(Buffer.from(file), source)).metadata).toMatchObject(metadata);
    const without = writeSafetensors(tensors, metadata);
    expect(await checkChecksum(without)).toBe("absent");
    await expect(readChecked(without, source)).rejects.toMatchObject({
      code: "checkpoint",
      message: expect.stringMatching(/^a file has no/),
    });
  });

  it("that was not filled in is absent, and one that does not match is said to be damaged", async () => {
    const unfilled = writeSafetensors(tensors, { ...metadata, ...checksumEntry });
    expect(await checkChecksum(unfilled)).toBe("absent");
    const file = await withChecksum(unfilled.slice());
    expect(await checkChecksum(file)).toBe("right");
    file[file.length - 1] ^= 1;
    await expect(readChecked(file, source)).rejects.toThrow(
      /^a file does not match its checksum; it is damaged. Make it again.$/,
    );
  });

  it("is not written into a file that has no place for it", async () => {
    for (const file of [writeSafetensors(tensors, metadata), new Uint8Array(7), new Uint8Array(8)])
      expect(await withChecksum(file.slice())).toEqual(file);
  });

  it("notices every cut and every changed bit", async () => {
    const file = await writeChecked(tensors, metadata);
    for (const copy of damaged(file)) await expect(readChecked(copy, source)).rejects.toBeInstanceOf(S2Error);
  });
});

describe("damaged files", () => {
  it("of the feature store are all found stale", async () => {
    const files = new Map<string, Uint8Array>();
    const store = {
      read: async (name: string) => files.get(name),
      write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
    };
    const fingerprint = { model: "m", options: "o", image: "p", version: "1" };
    const tokens = {
      data: Float32Array.of(1, 2, 3, 4),
      channels: 2,
      prefix: 0,
      grid: { rows: 1, cols: 2 },
      channelsPerScale: [2],
      size: [3, 4] as const,
    };
    await writeFeatures(store, "a", tokens, fingerprint);
    expect(await readFeatures(store, "a", fingerprint)).toHaveProperty("tokens");
    for (const copy of damaged(files.get("a")!)) {
      files.set("a", copy);
      expect(await readFeatures(store, "a", fingerprint)).toEqual({ stale: ["file"] });
    }
  });

  it("of an index or a head are read or refused in words, never with a raw error", async () => {
    for (const precision of ["float32", "int8"] as const) {
      const memory = memoryVectors({ precision });
      await addImages(await openIndex(memory, label), [drawVectors("a", 1), drawVectors("b", 2)]);
      const file = memory.save();
      for (const copy of damaged(file)) {
        const read = () => openIndex(memoryVectors({ from: copy }), label);
        await answerOf(read);
      }
      const sealed = await withChecksum(file.slice());
      expect(await checkChecksum(sealed)).toBe("right");
      for (const copy of damaged(sealed)) expect(await checkChecksum(copy)).not.toBe("right");
    }
    const head = writeHead({ kind: "probe", tensors: { weight: { dims: [1, 2], data: Float32Array.of(1, 2) } } });
    for (const copy of damaged(head.weights)) await answerOf(() => readHead(head.json, copy));
    for (const copy of damaged(new TextEncoder().encode(head.json)))
      await answerOf(() => readHead(new TextDecoder().decode(copy), head.weights));
  });
});
