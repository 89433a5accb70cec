/** Workers on a queue in Redis: killed workers, a killed and wiped Redis, and a poisoned photo lose and double nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArchive, retryArchive, runArchive, verifyArchive } from "../../dist/archive/index.js";
import type { Model } from "../../dist/runtimes/node/index.js";
import { filesIn, loadTiny, planned, runChild, scratch } from "./drawn-archive.ts";
// @ts-expect-error: JavaScript, so that the bench runs it without a build
import { noRedis, openRedis } from "./redis.mjs";

describe.skipIf(noRedis !== "")(`a queue in Redis${noRedis}`, () => {
  let model: Model;
  let redis: { url: string; start(): Promise<void>; kill(): Promise<void>; wipe(): void };
  beforeAll(async () => {
    model = await loadTiny();
    redis = await openRedis(scratch());
  });
  afterAll(async () => {
    await redis?.kill();
    await model?.dispose();
  });

  it("keeps every photo through kills of workers at each step, and through a Redis that is killed and wiped", async () => {
    const store = await planned(model, 200);
    const work = { queue: redis.url, claimSeconds: 1 };
    for (const type of ["image", "written", "linked", "committed"])
      expect((await runChild(store, { ...work, kill: { type, at: 2 } })).ended).toBe("SIGKILL");
    await redis.kill();
    redis.wipe();
    expect(filesIn(store, "shards").length).toBeGreaterThan(2);
    const during = [1, 2].map(() => runChild(store, work)); // Redis is not there when they begin
    await redis.start();
    await expect.poll(() => filesIn(store, "shards").length).toBeGreaterThan(6);
    await redis.kill();
    await redis.start();
    expect(await Promise.all(during)).toEqual(Array(2).fill({ ended: 0, err: "" }));
    const { stored, reported, twice, damaged, state } = await verifyArchive(store, { sweepAfter: 0 });
    expect({ stored, reported: reported.length, twice, damaged, left: state.remaining.length }).toEqual({
      ...{ stored: 199, reported: 1, twice: [], damaged: [], left: 0 },
    });
    expect(filesIn(store, "tmp")).toEqual([]);
  }, 120_000);

  it("sets a shard aside that fails, and ends; retry submits it again", async () => {
    const store = await planned(model, 30);
    const [poisoned] = (await verifyArchive(store)).state.remaining;
    let [isBroken, current] = [true, ""];
    const { traits, outputs, preprocessing, source, run, dispose } = model;
    const failing = Object.assign(
      (...given: Parameters<Model>) =>
        isBroken && current === poisoned.id ? Promise.reject(new Error("the device is lost")) : model(...given),
      { traits, outputs, preprocessing, source, run, dispose },
    );
    const onEvent = ({ shard }: { shard: string }) => void (current = shard);
    const options = { model: failing, queue: redis.url, claimSeconds: 2, onEvent };
    expect((await runArchive(store, options)).failed).toEqual([poisoned]);
    isBroken = false;
    expect(await retryArchive(store)).toBe(1);
    expect((await runArchive(store, options)).committed).toHaveLength(3);
    expect((await openArchive(store)).config.id).toMatch(/^[0-9a-f-]{36}$/); // the queue's name, wherever the archive is mounted
  });
});
