/** Answers of the server: programs that ask over HTTP must get what the library gives. */
import OpenAI from "openai";
import { extract, loadModel, type Model, planImage, readSafetensors } from "s2-vision/node";
import type { RunningServer } from "s2-vision/serve";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawPng, metric, post, postJson, serve, tinyModel } from "./serving.ts";

let server: RunningServer;
let model: Model;
let image: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  server = await serve({ models: { tiny: tinyModel, other: tinyModel } });
  model = await loadModel(tinyModel, { patchSize: 8, threads: 1 });
  image = await drawPng();
});
afterAll(() => model.dispose());

const base64 = () => Buffer.from(image).toString("base64");
const close = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(found.length).toBe(expected.length);
  // Batches of other sizes change the last digits, by the model's own rounding.
  expect(Math.max(...Array.from(found, (value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-4);
};

describe("features", () => {
  it("are those of extract, as safetensors with their plan", async () => {
    const answer = await post(server, "/v1/features?scales=1,2,3", image);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/vnd.safetensors"]);
    const { tensors, metadata } = readSafetensors(new Uint8Array(await answer.arrayBuffer()));
    const expected = await extract(model, image, { scales: [1, 2, 3] });
    expect(tensors.features.dims).toEqual(expected.dims);
    close(tensors.features.data as Float32Array, expected.data);
    expect(JSON.parse(metadata.plan)).toMatchObject({ image: [64, 96], tiles: expected.plan.tiles });
    expect(answer.headers.get("x-s2-tiles")).toBe(String(expected.plan.tiles));
  });

  it("come as npy, as JSON or in float16 for who asks", async () => {
    const expected = await extract(model, image, { scales: [1] });
    const npy = await post(server, "/v1/features?scales=1&dtype=float16", image, { Accept: "application/x-npy" });
    const bytes = new Uint8Array(await npy.arrayBuffer());
    expect(new TextDecoder("latin1").decode(bytes.subarray(1, 6))).toBe("NUMPY");
    expect(bytes.length).toBe(128 + 2 * expected.data.length);
    const json = await (
      await post(server, "/v1/features?scales=1", image, { Accept: "text/html;q=0.1, application/json" })
    ).json();
    expect(json).toMatchObject({ model: "tiny", dims: expected.dims, grid: expected.grid, numPrefixToken: 1 });
    close(json.data, expected.data);
    const refused = await post(server, "/v1/features", image, { Accept: "image/png" });
    expect([refused.status, refused.headers.get("content-type")]).toEqual([406, "application/problem+json; charset=utf-8"]);
  });

  it("are the same from a form and from JSON, and fields there win over the query", async () => {
    const form = new FormData();
    form.set("scales", "1,2");
    form.set("image", new Blob([image]), "photo.png");
    const fromForm = await fetch(`${server.url}/v1/features?scales=1`, { method: "POST", body: form });
    const fromJson = await postJson(server, "/v1/features", {
      image: `data:image/png;base64,${base64()}`,
      scales: [1, 2],
      model: "other",
    });
    const bodies = await Promise.all([fromForm, fromJson].map(async (each) => new Uint8Array(await each.arrayBuffer())));
    const [first, second] = bodies.map((body) => readSafetensors(body).tensors.features);
    expect(first.dims).toEqual([1, 17, 8]);
    close(first.data as Float32Array, second.data as Float32Array);
  });
});

describe("embeddings", () => {
  const client = () => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });

  it("come to the official openai client, as base64 and as numbers, in the order of the images", async () => {
    const images = [image, await drawPng(64, 64, 5)];
    const input = images.map((each) => `data:image/png;base64,${Buffer.from(each).toString("base64")}`);
    const [packed, plain] = await Promise.all([
      client().embeddings.create({ model: "tiny", input }),
      client().embeddings.create({ model: "tiny", input, encoding_format: "float" }),
    ]);
    expect(packed.data.map(({ index }) => index)).toEqual([0, 1]);
    for (const [i, each] of images.entries()) {
      const expected = (await extract(model, each)).vector(0);
      close(packed.data[i].embedding, expected);
      close(plain.data[i].embedding, expected);
    }
  });

  it("are refused in words that the client shows", async () => {
    const refused = await client()
      .embeddings.create({ model: "gpt", input: base64() })
      .catch((error) => error);
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refused.message).toContain('There is no model "gpt"; there are "tiny", "other".');
    expect(refused.code).toBe("option");
  });
});

describe("plans", () => {
  it("are those of planImage, for a size and for an image", async () => {
    const options = { scales: [1, 2], fit: "keep" } as const;
    const expected = JSON.parse(
      JSON.stringify(planImage({ width: 96, height: 64 }, { ...options, splitForward: 8 }, model.traits)),
    );
    expect(await (await postJson(server, "/v1/plan", { width: 96, height: 64, ...options })).json()).toEqual(expected);
    expect(await (await post(server, "/v1/plan?scales=1,2&fit=keep", image)).json()).toEqual(expected);
  });

  it("of Dynamic S² have tiles of the model's size, whatever the request asks", async () => {
    const { scales } = await (
      await postJson(server, "/v1/plan", { width: 96, height: 64, maxTiles: 4, scales: [64, 128] })
    ).json();
    for (const { tile } of scales) expect(tile).toEqual([32, 32]);
  });
});

describe("what the server says of itself", () => {
  it("is health, readiness, models and a page", async () => {
    const read = async (path: string) => (await fetch(server.url + path)).text();
    expect(JSON.parse(await read("/healthz"))).toEqual({ status: "ok" });
    expect(JSON.parse(await read("/readyz"))).toEqual({ status: "ready", models: ["tiny", "other"], heads: [] });
    expect(JSON.parse(await read("/v1/models")).data[0]).toMatchObject({
      id: "tiny",
      object: "model",
      traits: { imageSize: [32, 32] },
    });
    expect(await read("/")).toContain('<form action="/v1/plan"');
  });

  it("is an OpenAPI document with all routes, and the options by their names in the library", async () => {
    const document = await (await fetch(`${server.url}/openapi.json`)).json();
    expect(document.openapi).toMatch(/^3\./);
    for (const path of ["features", "embeddings", "predict", "plan"])
      expect(document.paths).toHaveProperty([`/v1/${path}`, "post"]);
    const { parameters, requestBody, responses } = document.paths["/v1/features"].post;
    const scales = parameters.find(({ name }: { name: string }) => name === "scales");
    expect(scales.schema).toEqual({ type: "array", items: { type: "number", exclusiveMinimum: 0 }, minItems: 1, maxItems: 8 });
    expect(Object.keys(requestBody.content)).toEqual(["image/*", "multipart/form-data", "application/json"]);
    expect(Object.keys(responses)).toEqual(["200", "4XX"]);
  });

  it("is metrics: requests by status, tiles, and batches that several requests shared", async () => {
    const many = Array.from({ length: 12 }, (_, seed) => drawPng(96, 64, seed));
    const answers = await Promise.all(
      (await Promise.all(many)).map((each) => post(server, "/v1/features?scales=1,2&model=other", each)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(await metric(server, 's2_tiles_total{model="other"}')).toBeGreaterThan(12 * 7 - 1);
    expect(await metric(server, 's2_batches_shared_total{model="other"}')).toBeGreaterThan(0);
    expect(await metric(server, 's2_tiles_waiting{model="other"}')).toBe(0);
    expect(await metric(server, 's2_requests_total{route="/v1/features",status="200"}')).toBeGreaterThan(11);
  });
});
