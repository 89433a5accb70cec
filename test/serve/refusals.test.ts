/** Refusals of the server: a request that cannot be served gets a status and a sentence, and the process stays healthy. */
import type { RunningServer } from "s2-vision/serve";
import { beforeAll, describe, expect, it } from "vitest";
import { images as hostile } from "../hostile/images.ts";
import { zeroPng } from "../hostile/png.ts";
import { drawPng, metric, post, postJson, serve, slowRequest, tinyModel } from "./serving.ts";

const token = "a-token-of-enough-length";
let server: RunningServer;
let image: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  server = await serve({ maxBytes: 100_000, maxPixels: 1_000_000, maxTiles: 64, maxImages: 2 });
  image = await drawPng();
});

/** Expects a problem of this status. */
async function problem(answer: Response, status: number, detail: RegExp, code?: string): Promise<void> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([status, text]);
  expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const found = JSON.parse(text);
  expect(found).toMatchObject({
    type: "about:blank",
    status,
    requestId: expect.stringMatching(/^[\w-]{36}$/),
    ...(code && { code }),
  });
  expect(found.detail).toMatch(detail);
}

describe("requests that cannot be served", () => {
  it("say which option is wrong", async () => {
    await problem(await post(server, "/v1/features?scale=2", image), 400, /no option "scale"; did you mean "scales"/, "option");
    await problem(await post(server, "/v1/features?scales=1,x", image), 400, /"1,x" where numbers are expected/, "option");
    await problem(await post(server, "/v1/features?scales=-1", image), 400, /scales\.0 = -1; expected >=/, "option");
    await problem(await post(server, "/v1/features?fit=round", image), 400, /fit = "round"; expected/, "option");
    await problem(await post(server, "/v1/features?maxSplitSize=4096", image), 400, /no option "maxSplitSize"/, "option");
    await problem(await postJson(server, "/v1/plan", { width: 5 }), 400, /neither an image nor width and height/, "option");
    await problem(await postJson(server, "/v1/features", {}), 400, /has no image/, "option");
    await problem(await postJson(server, "/v1/features", { image: "not base64!" }), 400, /no base64/, "option");
    await problem(await postJson(server, "/v1/features", { image: "data:image/svg+xml,<svg/>" }), 400, /not base64/, "option");
    await problem(
      await post(server, "/v1/predict", image),
      400,
      /There is no head here; the server was started without/,
      "option",
    );
    await problem(await post(server, "/v1/features", image, { "Content-Type": "text/plain" }), 415, /Unsupported Media Type/);
    await problem(await fetch(`${server.url}/v2`), 404, /There is no GET \/v2/);
  });

  it("say which limit they pass: bytes, pixels, tiles, images", async () => {
    await problem(await post(server, "/v1/features", new Uint8Array(100_001)), 413, /too large/i);
    const form = new FormData();
    form.set("image", new Blob([new Uint8Array(100_001)]), "photo.png");
    await problem(await fetch(`${server.url}/v1/features`, { method: "POST", body: form }), 413, /too large/i);
    const bomb = new Uint8Array(await zeroPng(2000, 2000, 8, 2, false));
    expect(bomb.length).toBeLessThan(100_000);
    await problem(await post(server, "/v1/features", bomb), 413, /4000000 pixels; the limit is 1000000/, "too-many-pixels");
    await problem(await post(server, "/v1/features?scales=1,8", image), 413, /the limit is 64/, "too-many-tiles");
    await problem(
      await postJson(server, "/v1/embeddings", { input: ["a", "b", "c"] }),
      400,
      /3 images; the limit is 2/,
      "option",
    );
  });

  it("say that the time is over", async () => {
    const hurried = await serve({ maxSeconds: 0.001 });
    await problem(await post(hurried, "/v1/features?scales=1,8", image), 504, /longer than the server's time limit/);
    expect((await fetch(`${hurried.url}/readyz`)).status).toBe(200);
  });

  it("say that the server is busy, and when to come again, before the body is read", async () => {
    const small = await serve({ maxRequests: 1 });
    const first = await slowRequest(small, "/v1/features", image);
    await expect.poll(() => metric(small, "s2_requests_under_way")).toBe(1);
    const second = await post(small, "/v1/features", image);
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
    await problem(second, 503, /1 requests under way, its limit/);
    first.finish();
    await expect.poll(first.received).toMatch(/^HTTP\/1.1 200/);
    expect((await post(small, "/v1/features", image)).status).toBe(200);
  });

  it("are counted by token or address, and those beyond the rate get 429", async () => {
    const limited = await serve({ ratePerMinute: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await fetch(`${limited.url}/v1/models`)).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await fetch(`${limited.url}/v1/models`);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await problem(refused, 429, /More than 2 requests in a minute/);
    expect((await fetch(`${limited.url}/healthz`)).status).toBe(200); // or an orchestrator would kill a busy server
  });
});

describe("tokens", () => {
  it("are needed for all but health, the document and the page", async () => {
    const guarded = await serve({ tokens: [token, "another-token-of-length"] });
    const status = async (path: string, authorization?: string) =>
      (await fetch(guarded.url + path, { headers: authorization ? { Authorization: authorization } : {} })).status;
    for (const path of ["/healthz", "/readyz", "/openapi.json", "/"]) expect(await status(path)).toBe(200);
    for (const path of ["/metrics", "/v1/models"]) {
      expect(await status(path)).toBe(401);
      expect(await status(path, `Bearer ${token}`)).toBe(200);
    }
    await problem(await post(guarded, "/v1/features", image), 401, /no valid bearer token/);
    await problem(
      await post(guarded, "/v1/features", image, { Authorization: `Bearer ${token}x` }),
      401,
      /no valid bearer token/,
    );
    expect((await post(guarded, "/v1/features", image, { Authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it("that are easily guessed are refused at the start, and not shown", async () => {
    await expect(serve({ tokens: ["secret"] })).rejects.toThrow(/a token of 6 characters/);
    await expect(serve({ tokens: ["secret"] })).rejects.not.toThrow(/secret/);
  });
});

it("damaged images of all kinds get 4xx, and the process stays healthy", async () => {
  const open = await serve({ maxPixels: 4_000_000 });
  const statuses: number[] = [];
  for (let i = 1; i <= 60; i++) {
    const { bytes, name } = await hostile.make(3, i * 7);
    if (!bytes) continue;
    const answer = await post(open, "/v1/features?scales=1", new Uint8Array(bytes), {
      "Content-Type": "application/octet-stream",
    });
    if (answer.status !== 200) await problem(answer, answer.status, /\w/);
    statuses.push(answer.status);
    expect([name, Math.floor(answer.status / 100)]).not.toEqual([name, 5]);
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(3);
  expect(statuses.filter((status) => status >= 400).length).toBeGreaterThan(15);
  expect((await post(open, "/v1/features?scales=1", image)).status).toBe(200);
  expect(await metric(open, "s2_requests_under_way")).toBe(0);
});

it("models and heads that cannot be served are refused at the start", async () => {
  await expect(serve({ models: { none: "/nowhere.onnx" } })).rejects.toMatchObject({ code: "model-not-found" });
  await expect(serve({ heads: { none: "/nowhere" } })).rejects.toMatchObject({ code: "head" });
  await expect(serve({ models: { tiny: tinyModel }, batch: 0 })).rejects.toMatchObject({ code: "option" });
});
