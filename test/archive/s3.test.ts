/** Archives and sources in an S3-compatible bucket: two workers at once store each photo once, and a throttled store loses none. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import tar from "tar-stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addToArchive, runArchive, searchArchive, verifyArchive } from "../../dist/archive/index.js";
import { listBucket } from "../../dist/archive/s3-store.js";
import type { Model } from "../../dist/runtimes/node/index.js";
import { drawFolder, drawPng, loadOptions, loadTiny, runChild, scratch } from "./drawn-archive.ts";

let server: ChildProcess;
/** Keys of puts that were refused because the key exists. */
const refused: string[] = [];
let model: Model;
let client: S3Client;
const put = (Key: string, Body: Uint8Array) => client.send(new PutObjectCommand({ Bucket: "photos", Key, Body }));

beforeAll(async () => {
  server = fork(fileURLToPath(new URL("s3-server.mjs", import.meta.url)));
  server.on("message", (message: { refused?: string }) => message.refused && refused.push(message.refused));
  const [{ endpoint }] = (await once(server, "message")) as [{ endpoint: string }];
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" };
  Object.assign(process.env, keys, { AWS_ENDPOINT_URL_S3: endpoint });
  client = new S3Client({ endpoint, forcePathStyle: true });
  for (const Bucket of ["photos", "archives"]) await client.send(new CreateBucketCommand({ Bucket }));
  model = await loadTiny();
});
afterAll(async () => {
  await model?.dispose();
  server?.kill();
});

const options = () => ({ model, loadOptions, shardSize: 4, extraction: { scales: [1] } });

it("stores photos, a list and a tar of a bucket once, by two workers at once", async () => {
  for (let i = 0; i < 9; i++) await put(`loose/${i}.png`, drawPng(i));
  await put("loose/damaged.jpg", Buffer.from("no image"));
  const pack = tar.pack();
  for (let i = 0; i < 10; i++) pack.entry({ name: `${i}.png` }, Buffer.from(drawPng(100 + i)));
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  await put("tars/0.tar", Buffer.concat(chunks));
  await put("list.csv", Buffer.from("path\ns3://photos/loose/1.png\nloose/missing.png\n"));
  const store = "s3://archives/first";
  const sources = ["s3://photos/loose/", "s3://photos/tars/", "s3://photos/list.csv"];
  expect(await addToArchive(store, sources, options())).toMatchObject({ images: 21, known: 1 });
  const ended = await Promise.all([1, 2].map(() => runChild(store, {})));
  expect(ended.map((each) => each.ended)).toEqual([0, 0]); // the SDK warns of old versions of Node
  const { stored, reported, twice, damaged, state } = await verifyArchive(store);
  expect({ stored, reported: reported.length, twice, damaged, left: state.remaining.length }).toEqual({
    ...{ stored: 19, reported: 2, twice: [], damaged: [], left: 0 },
  });
  const [hit] = await searchArchive(store, join(drawFolder(join(scratch(), "query"), 4), "003.png"), { model, top: 1 });
  expect(hit.image).toBe("s3://photos/loose/3.png");
});

it("gives way to a worker that was first", async () => {
  const store = "s3://archives/second";
  await addToArchive(store, ["s3://photos/loose/"], options());
  refused.length = 0;
  const events: string[] = [];
  // While this one works on its shards, another one commits all of them.
  let begun: Promise<unknown> | undefined;
  const slow = Object.assign(
    async (...given: Parameters<Model>) => {
      begun ??= runArchive(store, { model });
      await begun;
      return model(...given);
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
  await runArchive(store, { model: slow, onEvent: ({ type }) => events.push(type) });
  expect(events).toContain("lost");
  expect(refused.filter((key) => key.includes("/shards/")).length).toBeGreaterThan(0);
  expect(await verifyArchive(store)).toMatchObject({ stored: 9, twice: [], damaged: [] });
  expect((await listBucket(`${store}/shards/`)).length).toBe(3);
});

it("makes an attempt again when the store does not answer, and blames no photo", async () => {
  const folder = drawFolder(join(scratch(), "photos"), 3);
  for (const name of ["000.png", "001.png", "002.png"]) await put(`third/${name}`, readFileSync(join(folder, name)));
  const store = "s3://archives/third";
  await addToArchive(store, ["s3://photos/third/"], options());
  server.send({ count: 4, method: "GET", part: "third/001.png" }); // the SDK itself tries three times
  const events: string[] = [];
  await runArchive(store, { model, onEvent: ({ type }) => events.push(type) });
  expect(events.filter((type) => type === "failed")).toHaveLength(1);
  expect(await verifyArchive(store)).toMatchObject({ stored: 3, reported: [] });
});

it("sends a shard again when the store is busy, rather than extract its photos again", async () => {
  const store = "s3://archives/fourth";
  await addToArchive(store, ["s3://photos/third/"], options());
  server.send({ count: 2, method: "PUT", part: "fourth/shards/" });
  const events: string[] = [];
  await runArchive(store, { model, onEvent: ({ type }) => events.push(type) });
  expect(events).not.toContain("failed");
  expect(await verifyArchive(store)).toMatchObject({ stored: 3, reported: [], damaged: [] });
});
