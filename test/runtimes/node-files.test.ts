/** Files and locks that several processes share: whole files, no leftovers, one writer at a time, fingerprints that miss nothing. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readOnnx, withExternalData, writeOnnx } from "../../src/onnx/index.ts";
import { hashModelFiles, openStore, withLock, writeWhole } from "../../src/runtimes/node/index.ts";

const root = mkdtempSync(join(tmpdir(), "s2-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, "f-"));
const random = "0f8fad5bd9cb";

describe("files", () => {
  it("what killed processes left is removed after a day, and nothing else", async () => {
    const folder = fresh();
    const [old, young, foreign] = [`a.${random}.part`, `b.${random}.part`, "c.12.part"];
    for (const name of [old, young, foreign]) writeFileSync(join(folder, name), "half");
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of [old, foreign]) utimesSync(join(folder, name), longAgo, longAgo);
    await openStore(folder).write("d", Uint8Array.of(1));
    expect(readdirSync(folder).sort()).toEqual([young, foreign, "d"].sort());
  });

  it("a full disk or a place that is none is a sentence with the code write, and leaves nothing half-written", async () => {
    const folder = fresh();
    mkdirSync(join(folder, "taken"));
    writeFileSync(join(folder, "taken", "file"), "");
    const failed = expect.objectContaining({ code: "write", message: expect.stringMatching(/cannot be (written|made) \(/) });
    await expect(writeWhole(join(folder, "taken"), Uint8Array.of(1))).rejects.toEqual(failed);
    await expect(writeWhole(join(folder, "taken", "file", "x"), Uint8Array.of(1))).rejects.toEqual(failed);
    expect(readdirSync(folder)).toEqual(["taken"]);
  });
});

describe("a lock", () => {
  it("lets one in at a time", async () => {
    const path = join(fresh(), "lock");
    let [inside, most, done] = [0, 0, 0];
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      done++;
    };
    await Promise.all(Array.from({ length: 6 }, () => withLock(path, work)));
    expect([most, done]).toEqual([1, 6]);
  });

  it("of a killed process expires, and a live one is waited for and then named", async () => {
    const path = join(fresh(), "lock");
    writeFileSync(path, "of a killed process");
    utimesSync(path, new Date(0), new Date(0));
    expect(await withLock(path, async () => "got it")).toBe("got it");
    writeFileSync(path, "of a live one");
    const late = withLock(path, async () => {}, { patience: 30, expiresAfter: 1e9 });
    await expect(late).rejects.toMatchObject({ code: "locked", message: expect.stringContaining(path) });
  });

  it("that was taken over is noticed before the next write, and left to its new owner", async () => {
    const path = join(fresh(), "lock");
    const lost = withLock(path, async (check) => {
      await check();
      rmSync(path);
      writeFileSync(path, "the new owner");
      await check();
    });
    await expect(lost).rejects.toMatchObject({ code: "locked" });
    expect(readFileSync(path, "utf8")).toBe("the new owner");
  });
});

describe("the hash of a model's files", () => {
  it("changes with external data of any name, and not with the graph's own name", async () => {
    const folder = fresh();
    const whole = readOnnx(readFileSync(new URL("models/plain.onnx", import.meta.url)));
    const initializer = whole.graph.initializer!.map((tensor) => ({ ...tensor }));
    const { model, data } = withExternalData({ ...whole, graph: { ...whole.graph, initializer } }, "weights.bin");
    const bytes = Buffer.concat(data.parts);
    expect(bytes.length).toBeGreaterThan(0);
    writeFileSync(join(folder, "a.onnx"), writeOnnx(model));
    writeFileSync(join(folder, "weights.bin"), bytes);
    const before = await hashModelFiles(join(folder, "a.onnx"));
    renameSync(join(folder, "a.onnx"), join(folder, "b.onnx"));
    expect(await hashModelFiles(join(folder, "b.onnx"))).toBe(before);
    bytes[bytes.length - 1] ^= 1;
    rmSync(join(folder, "weights.bin"));
    writeFileSync(join(folder, "weights.bin"), bytes);
    expect(await hashModelFiles(join(folder, "b.onnx"))).not.toBe(before);
  });

  it("changes with each file that a folder's graph is built from, shards included", async () => {
    const folder = fresh();
    const names = [
      "config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ];
    for (const name of names) writeFileSync(join(folder, name), name);
    const seen = new Set([await hashModelFiles(folder)]);
    for (const name of names) {
      writeFileSync(join(folder, name), `${name} changed`);
      seen.add(await hashModelFiles(folder));
    }
    writeFileSync(join(folder, "README.md"), "no part of it");
    seen.add(await hashModelFiles(folder));
    expect(seen.size).toBe(1 + names.length);
  });
});
