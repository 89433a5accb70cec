/** Archives in one process: what is stored is what `extract` gives, bad photos and bad shards are reported, damage is found. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addToArchive,
  commitVectors,
  openArchive,
  retryArchive,
  runArchive,
  searchArchive,
  verifyArchive,
} from "../../dist/archive/index.js";
import { committedShards, withShard } from "../../dist/archive/shards.js";
import { archiveStatus } from "../../dist/archive.js";
import { extract } from "../../dist/node.js";
import type { Model } from "../../dist/runtimes/node/index.js";
import { fromFloat16, toFloat16 } from "../../dist/tensors/index.js";
import { drawFolder, filesIn, loadOptions, loadTiny, planned, scratch } from "./drawn-archive.ts";

let model: Model;
beforeAll(async () => void (model = await loadTiny()));
afterAll(() => model.dispose());

const found = (log: { reported: readonly { image: string }[] }) => log.reported.map(({ image }) => image.replace(/.*\//, ""));

/** The model, but its runs fail while `broken()` is true. */
const failing = (broken: () => boolean): Model =>
  Object.assign((...given: Parameters<Model>) => (broken() ? Promise.reject(new Error("the device is lost")) : model(...given)), {
    traits: model.traits,
    outputs: model.outputs,
    preprocessing: model.preprocessing,
    source: model.source,
    run: model.run,
    dispose: model.dispose,
  });

describe.each(["safetensors", "parquet"] as const)("shards as %s", (format) => {
  it("hold the features and vectors of extract in float16, and the reason of a photo that cannot be read", async () => {
    const store = await planned(model, 25, { format, extraction: { scales: [1, 2] } });
    await runArchive(store, { model });
    const verified = await verifyArchive(store);
    expect(verified).toMatchObject({ stored: 24, twice: [], damaged: [] });
    expect(found(verified)).toEqual(["damaged-0.jpg"]);
    expect(verified.reported[0].reason).toMatch(/is not an image/);
    const archive = await openArchive(store);
    for (const id of (await committedShards(archive)).slice(0, 1))
      await withShard(archive, id, async (shard) => {
        const images = await shard.images();
        const { data, channels } = await shard.vectors();
        const { image, grid, size } = images[1];
        const expected = await extract(model, image, { scales: [1, 2] });
        expect({ grid, size }).toEqual({ grid: expected.grid, size: expected.plan.image });
        expect(await shard.features(1)).toEqual({ data: toFloat16(expected.data), dims: expected.dims.slice(1) });
        expect(data.subarray(channels, 2 * channels)).toEqual(toFloat16(expected.vector(0)));
      });
  });

  it("that are damaged are found, removed by repair and made again", async () => {
    const store = await planned(model, 12, { format });
    await runArchive(store, { model });
    const [name] = filesIn(store, "shards");
    const whole = readFileSync(join(store, "shards", name));
    for (const at of [Math.floor(whole.length / 3), whole.length - 300]) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 4;
      writeFileSync(join(store, "shards", name), bytes);
      expect((await verifyArchive(store)).damaged).toHaveLength(1);
    }
    writeFileSync(join(store, "shards", name), whole.subarray(0, whole.length - 40));
    expect((await verifyArchive(store, { repair: true })).state.remaining).toHaveLength(1);
    await runArchive(store, { model });
    expect(await verifyArchive(store)).toMatchObject({ stored: 11, damaged: [] });
  });
});

it("keeps vectors alone where they are all that is wanted", async () => {
  const store = await planned(model, 12, { keep: "vectors" });
  await runArchive(store, { model });
  const archive = await openArchive(store);
  const [id] = await committedShards(archive);
  await withShard(archive, id, async (shard) => {
    expect((await shard.vectors()).data.length).toBeGreaterThan(0);
    expect(await shard.features(0)).toBeUndefined();
  });
});

it("gives each task of a job array its shards, and all tasks together all of them", async () => {
  const store = await planned(model, 45);
  for (const i of [0, 1, 2]) {
    await runArchive(store, { model, partition: [i, 3] });
    expect((await archiveStatus(store)).shards.committed).toBe([2, 4, 5][i]);
  }
  await expect(runArchive(store, { model, partition: [3, 3] })).rejects.toThrow(/partition is \[3,3\]/);
});

describe("a shard that cannot be done", () => {
  it("is set aside after three failures with the reason, the others are done, and retry brings it back", async () => {
    const store = await planned(model, 30);
    let isBroken = true;
    let shard: string | undefined;
    let current = "";
    const broken = failing(() => isBroken && current === shard);
    const events: string[] = [];
    await runArchive(store, {
      model: broken,
      onEvent: (event) => {
        if (event.type === "claimed") shard ??= event.shard;
        current = event.shard;
        if (event.type === "failed" || event.type === "set-aside") events.push(`${event.type}: ${event.reason}`);
      },
    });
    expect(events).toEqual([...Array(3).fill("failed: the device is lost"), "set-aside: the device is lost"]);
    expect((await archiveStatus(store)).shards).toEqual({ planned: 3, committed: 2, failed: 1, remaining: 0 });
    isBroken = false;
    expect(await retryArchive(store)).toBe(1);
    await runArchive(store, { model });
    expect(await verifyArchive(store)).toMatchObject({ stored: 29, twice: [] });
  });

  it("is set aside after twenty attempts that ended without a word, as when it needs more memory than there is", async () => {
    const store = await planned(model, 10);
    const { store: files } = await openArchive(store);
    const [{ id }] = (await verifyArchive(store)).state.remaining;
    for (let i = 0; i < 20; i++) await files.create(`attempts/${id}.${i}.begun.json`, Buffer.from("{}"));
    const state = await runArchive(store, { model });
    expect(state.failed.map((shard) => shard.id)).toEqual([id]);
    expect(filesIn(store, "attempts")).toEqual([]);
  });

  it("is not committed when its disk is not mounted", async () => {
    const store = await planned(model, 10);
    const photos = join(store, "../photos");
    renameSync(photos, `${photos}-elsewhere`);
    const state = await runArchive(store, { model });
    expect([state.committed.length, state.failed.length]).toEqual([0, 1]);
    renameSync(`${photos}-elsewhere`, photos);
    await retryArchive(store);
    expect((await runArchive(store, { model })).committed).toHaveLength(1);
  });
});

it("stops a worker for which shard after shard fails, before it sets all of them aside", async () => {
  const store = await planned(model, 24, { shardSize: 2 });
  const photos = join(store, "../photos");
  renameSync(photos, `${photos}-elsewhere`);
  await expect(runArchive(store, { model })).rejects.toThrow(/^10 shards in a row failed here.*Mount their disk/);
  expect((await archiveStatus(store)).shards).toMatchObject({ failed: 0, remaining: 12 });
  renameSync(`${photos}-elsewhere`, photos);
  expect((await runArchive(store, { model })).committed).toHaveLength(12);
});

it.each([
  ["a pooling that the model lacks", { pooling: "cls" }, 0, /pooling is "cls"/],
  ["scales that make too many tiles", { extraction: { scales: [1, 100] } }, 1, /tiles/],
  ["Dynamic S²", { extraction: { maxTiles: 6 } }, 1, /leave out maxTiles/],
] as const)("refuses %s before anything is planned", async (_, choices, prefixTokens, message) => {
  const folder = scratch();
  const photos = drawFolder(join(folder, "photos"), 1);
  const other = { ...model, traits: { ...model.traits, prefixTokens } } as Model;
  await expect(addToArchive(join(folder, "archive"), [photos], { model: other, loadOptions, ...choices })).rejects.toThrow(
    message,
  );
  expect(filesIn(folder, "archive")).toEqual([]);
});

it("stops at a signal without blaming the shard", async () => {
  const store = await planned(model, 20);
  const stop = new AbortController();
  const onEvent = ({ type }: { type: string }) => type === "image" && stop.abort(new Error("enough"));
  await expect(runArchive(store, { model, signal: stop.signal, onEvent })).rejects.toThrow("enough");
  expect([filesIn(store, "attempts"), filesIn(store, "tmp")]).toEqual([[], []]);
});

describe("vectors in LanceDB", () => {
  it("come from committed shards, each once, by one committer; others are refused; search finds the same as without", async () => {
    const store = await planned(model, 45, { lancedb: true });
    await runArchive(store, { model });
    const archive = await openArchive(store);
    const lance = await import("@lancedb/lancedb");
    const rows = async () => (await (await lance.connect(join(store, "vectors"))).openTable("s2_images")).countRows();
    expect(await rows()).toBe(44);
    expect(await commitVectors(archive)).toBe(0);
    let release: () => void = () => {};
    const held = archive.store.lease!("vectors", () => new Promise<void>((resolve) => (release = resolve)));
    await expect.poll(() => filesIn(store, "claims")).toContain("vectors.lock");
    await expect(commitVectors(archive, { patience: 100 })).rejects.toMatchObject({ code: "locked" });
    expect(await commitVectors(archive, { patience: 0 })).toBe(0); // left to the one that holds the lease
    release();
    await held;
    const query = join(store, "../photos/007.png");
    const hits = await searchArchive(store, query, { model, top: 5 });
    const plainStore = join(store, "../plain");
    await addToArchive(plainStore, [join(store, "../photos")], { model, loadOptions, extraction: { scales: [1] } });
    await runArchive(plainStore, { model });
    const exact = await searchArchive(plainStore, query, { model, top: 5 });
    expect(hits.map(({ image }) => image)).toEqual(exact.map(({ image }) => image));
    for (const [i, { score }] of hits.entries()) expect(score).toBeCloseTo(exact[i].score, 4);
    expect(hits.map(({ image }) => image)).not.toContain(query);
  });
});

/** Mounts a file system of `kilobytes` kB; returns why it cannot. */
function mountTmpfs(folder: string, kilobytes: number): string {
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder], { stdio: "pipe" });
    return "";
  } catch (error) {
    return ` (skipped: no file system can be mounted: ${String((error as { stderr?: unknown }).stderr ?? error).trim()})`;
  }
}

describe("a full disk", () => {
  const disk = join(scratch(), "disk");
  const unmount = () => execFileSync("umount", ["--lazy", disk]);
  const why = mountTmpfs(disk, 96);
  if (why === "") unmount(); // the test mounts it again, for it may not be chosen to run

  it.skipIf(why !== "")(`stops the worker, leaves nothing half-written, and blames no shard${why}`, async () => {
    mountTmpfs(disk, 96);
    try {
      const photos = drawFolder(join(scratch(), "photos"), 60);
      const store = join(disk, "archive");
      await addToArchive(store, [photos], {
        model,
        loadOptions,
        shardSize: 20,
        extraction: { scales: [1, 8], outputScale: "finest" },
      });
      await expect(runArchive(store, { model })).rejects.toMatchObject({
        code: "write",
        message: expect.stringMatching(/ENOSPC.*Make room/s),
      });
      expect([filesIn(store, "tmp"), filesIn(store, "failed")]).toEqual([[], []]);
      execFileSync("mount", ["-o", "remount,size=32m", disk]);
      await runArchive(store, { model });
      expect(await verifyArchive(store)).toMatchObject({ stored: 60, reported: [], damaged: [], state: { remaining: [] } });
    } finally {
      unmount();
    }
  });
});

it("names numbers that are too large for float16 as the photo's reason", async () => {
  const store = await planned(model, 3);
  const large = Object.assign(
    async (...given: Parameters<Model>) => {
      const { dims, data } = await model(...given);
      return { dims, data: data.map((value) => value * 1e6) };
    },
    {
      traits: model.traits,
      outputs: model.outputs,
      preprocessing: model.preprocessing,
      source: model.source,
      run: model.run,
      dispose: model.dispose,
    },
  );
  await runArchive(store, { model: large });
  const { stored, reported } = await verifyArchive(store);
  expect([stored, reported.length]).toEqual([0, 3]);
  expect(reported[0].reason).toMatch(/too large for float16/);
  rmSync(store, { recursive: true });
});

it("reads float16 as it was written", () => {
  expect([...fromFloat16(toFloat16(Float32Array.of(1, -0.5)))]).toEqual([1, -0.5]);
});
