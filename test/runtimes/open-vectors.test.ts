/** The same index in LanceDB as in memory: same hits, same refusals, whole after a kill. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { addImages, memoryVectors, openIndex, removeImages, search } from "../../src/retrieval/index.ts";
import { openVectors } from "../../src/runtimes/node/index.ts";
import type { VectorHit } from "../../src/tensors/index.ts";
import { drawVectors, label, noise } from "../heads/vectors.ts";

const installed = await import("@lancedb/lancedb").then(
  () => true,
  () => false,
);
const reason = installed ? "" : " (skipped: @lancedb/lancedb is not installed)";
const child = fileURLToPath(new URL("index-child.mjs", import.meta.url));

const folders: string[] = [];
afterAll(() => folders.forEach((path) => void rmSync(path, { recursive: true, force: true })));
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), "s2-lance-")));
  return folders.at(-1)!;
};
const many = Array.from({ length: 60 }, (_, i) => drawVectors(`it's ${i}.jpg`, i));
/** LanceDB reckons in float32. */
function expectSame(hits: VectorHit[], expected: VectorHit[]): void {
  expect(hits.map(({ score, ...hit }) => hit)).toEqual(expected.map(({ score, ...hit }) => hit));
  for (const [i, { score }] of hits.entries()) expect(score).toBeCloseTo(expected[i].score, 5);
}

describe.skipIf(!installed)(`an index in LanceDB${reason}`, () => {
  it("gives the hits of the exact one in memory, also after images were replaced and removed, and when opened again", async () => {
    const path = folder();
    const lance = await openIndex(await openVectors(path), label);
    const memory = await openIndex(memoryVectors(), label);
    expect(await search(lance, { image: noise(8, 1) })).toEqual([]);
    for (const index of [lance, memory]) {
      await addImages(index, many.slice(0, 20));
      await addImages(index, many.slice(20));
      await addImages(index, [
        { ...drawVectors("it's 3.jpg", 500, { regions: 2 }), contentHash: "new" },
        drawVectors("more.jpg", 501),
      ]);
      await removeImages(index, ["it's 4.jpg", "never was"]);
      await removeImages(index, []);
    }
    await lance.store.close();
    const again = await openIndex(await openVectors(path), label);
    expect(await again.store.images()).toEqual(await memory.store.images());
    for (const query of [{ image: noise(8, 1) }, { region: noise(8, 2) }])
      expectSame(await search(again, query), await search(memory, query));
    const every = { top: 1000, everyRegion: true };
    const all = await search(again, { region: noise(8, 3) }, every);
    expect(all).toHaveLength(59 * 6 + 2);
    expectSame(all, await search(memory, { region: noise(8, 3) }, every));
    await again.store.close();
  });

  it("is refused to another model, and to vectors of another length", async () => {
    const path = folder();
    const first = await openIndex(await openVectors(path), label);
    await addImages(first, many);
    await first.store.close();
    const store = await openVectors(path);
    await expect(openIndex(store, { ...label, modelHash: "f".repeat(64) })).rejects.toMatchObject({
      code: "index",
      message: expect.stringContaining("got the model toy (fingerprint ffffffffffff)"),
    });
    const index = await openIndex(store, label);
    await expect(search(index, { image: noise(9, 1) })).rejects.toThrow("The query has 9 numbers; the index holds 8");
    await store.close();
  });

  it("with each index type finds a vector that it holds, and is exact again without", async () => {
    const store = await openVectors(folder(), { probes: 100, refine: 20 });
    const index = await openIndex(store, label);
    const drawn = Array.from({ length: 300 }, (_, i) => drawVectors(`${i}`, i, { channels: 16, regions: 1 }));
    await addImages(index, drawn);
    const exact = await search(index, { image: noise(16, 5) });
    for (const type of ["IVF_FLAT", "IVF_PQ", "IVF_HNSW_SQ", "none"] as const) {
      await store.build("images", type);
      expect((await search(index, { image: drawn[17].vector }, { top: 1 }))[0]).toMatchObject({
        image: "17",
        score: expect.closeTo(1, 3),
      });
    }
    expectSame(await search(index, { image: noise(16, 5) }), exact);
    await store.close();
  });

  it("says which vectors are too few for an index, in LanceDB's own words", async () => {
    const store = await openVectors(folder());
    await addImages(await openIndex(store, label), many);
    await expect(store.build("images", "IVF_PQ")).rejects.toMatchObject({
      code: "vectors",
      message: expect.stringMatching(/^LanceDB at .* says: .*256/),
    });
    await store.close();
  });

  it("takes no more room than before when all images were replaced and it was compacted", async () => {
    const path = folder();
    const store = await openVectors(path);
    const index = await openIndex(store, label);
    const size = () => {
      const files = readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(path, name)));
      return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    };
    const drawn = many.map((image) => ({ ...image, ...drawVectors(image.path, 7, { channels: 192, regions: 30 }) }));
    await addImages(index, drawn);
    const once = size();
    for (let i = 0; i < 3; i++) await addImages(index, drawn);
    expect(size()).toBeGreaterThan(2 * once);
    await store.compact();
    expect(size()).toBeLessThan(1.5 * once);
    expect((await search(index, { image: drawn[0].vector }, { top: 100 })).length).toBe(60);
    await store.close();
  });

  it("killed at random moments while images are added it opens, searches, and goes on to the whole", async () => {
    const path = folder();
    const count = 24;
    let kills = 0;
    for (let finished = false; !finished; ) {
      finished = await new Promise<boolean>((resolve, reject) => {
        const run = spawn(process.execPath, [child, path, `${count}`], { stdio: ["ignore", "pipe", "ignore"] });
        // Some time after its first image, so that every run gets on; now and then at any moment from its start.
        const kill = () => run.kill("SIGKILL");
        let timer = kills % 4 === 2 ? setTimeout(kill, 200 + ((kills * 137) % 600)) : undefined;
        run.stdout.once("data", () => {
          timer ??= setTimeout(kill, (kills * 61) % 150);
        });
        run.on("exit", (status) => {
          clearTimeout(timer);
          if (kills > 0) rmSync(join(path, "s2_writer.lock"), { force: true }); // one wait for an expired lock is enough
          if (status === null) kills++;
          else if (status !== 0) reject(new Error(`The index did not open again: status ${status}.`));
          resolve(status === 0);
        });
      });
      const store = await openVectors(path);
      const kept = await store.images();
      const found = (await store.channels("regions")) ? await store.nearest("regions", noise(8, 1), 1000) : [];
      // Of every image that is there all regions are there, and none twice.
      for (const image of kept.keys()) expect(found.filter((hit) => hit.image === image)).toHaveLength(3);
      await store.close();
      if (kills > 2 * count) throw new Error("No run gets further than the one before.");
    }
    const store = await openVectors(path);
    expect([(await store.images()).size, (await store.nearest("regions", noise(8, 1), 1000)).length]).toEqual([count, 3 * count]);
    await store.close();
    expect(kills).toBeGreaterThan(0);
  });

  it("with two writers at once has every image and every region once", async () => {
    const path = folder();
    const count = 12;
    const ends = [0, 1].map(
      () =>
        new Promise<string>((resolve) => {
          const run = spawn(process.execPath, [child, path, `${count}`], { stdio: ["ignore", "ignore", "pipe"] });
          let said = "";
          run.stderr.on("data", (text) => (said += text));
          run.on("close", (status) => resolve(status === 0 ? "" : said));
        }),
    );
    expect(await Promise.all(ends)).toEqual(["", ""]);
    const store = await openVectors(path);
    const rows = await store.nearest("images", noise(8, 1), 1000);
    const regions = await store.nearest("regions", noise(8, 1), 1000);
    await store.close();
    expect([rows.length, new Set(rows.map((hit) => hit.image)).size, regions.length]).toEqual([count, count, 3 * count]);
  }, 120_000);

  it("a place that is none is said with its path", async () => {
    const file = join(folder(), "file");
    writeFileSync(file, "no folder");
    await expect(openVectors(file).then((store) => store.begin("x"))).rejects.toMatchObject({
      code: "write",
      message: expect.stringContaining(`The folder "${file}" cannot be made`),
    });
  });

  it("remote: the address, the key and the database reach the service, and what it answers is said", async () => {
    const asked: { url?: string; key?: unknown; database?: unknown }[] = [];
    const server = createServer((request, response) => {
      asked.push({ url: request.url, key: request.headers["x-api-key"], database: request.headers["x-lancedb-database"] });
      response.writeHead(401, { "content-type": "text/plain" }).end("the key is not known");
    }).listen(0, "127.0.0.1");
    await new Promise((ready) => server.once("listening", ready));
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const store = await openVectors("db://my-images", { apiKey: "sk_test", host, region: "us-east-1" });
    await expect(openIndex(store, label)).rejects.toMatchObject({
      code: "vectors",
      message: expect.stringMatching(/^LanceDB at db:\/\/my-images says: .*(401|key is not known)/),
    });
    expect(asked[0]).toMatchObject({ url: expect.stringContaining("/v1/table"), key: "sk_test" });
    server.closeAllConnections();
    server.close();
  });
});

it.skipIf(!installed)(
  `LanceDB's native part comes inside the npm package: nothing is downloaded when it is installed${reason}`,
  () => {
    const require = createRequire(import.meta.url);
    const file = join(dirname(require.resolve("@lancedb/lancedb")), "../package.json");
    const { scripts = {}, version } = JSON.parse(readFileSync(file, "utf8"));
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
    expect(version).toBe(require("../../package.json").devDependencies["@lancedb/lancedb"]);
  },
);
