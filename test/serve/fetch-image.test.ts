/** Images from addresses: a request must not make the server read what only the server can reach. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchImage, isPublicAddress } from "../../src/serve/fetch-image.ts";
import { drawPng, postJson, serve } from "./serving.ts";

let origin: Server;
let port: number;
const asked: string[] = [];
beforeAll(async () => {
  origin = createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url}`);
    const [, kind, to = ""] = request.url!.split("/");
    if (kind === "redirect") response.writeHead(302, { Location: decodeURIComponent(to) }).end();
    else if (kind === "image") response.end(Buffer.from([1, 2, 3]));
    else if (kind === "large") response.end(Buffer.alloc(2000));
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", () => resolve()));
  port = (origin.address() as AddressInfo).port;
});
afterAll(() => origin.close());

/** Names that lead to this machine, some of which pass for public. */
const rules = (more: object = {}) => ({
  hosts: ["photos.example", "inside.example"],
  maxBytes: 1000,
  signal: AbortSignal.timeout(60_000),
  resolve: async (host: string) =>
    host === "photos.example" ? [{ address: "127.0.0.1", family: 4 }] : [{ address: "10.0.0.7", family: 4 }],
  isPublic: (address: string) => address === "127.0.0.1",
  ...more,
});
const at = (path: string, host = "photos.example") => `http://${host}:${port}/${path}`;

describe("addresses that are not fetched", () => {
  it("are private, local, embedded or reserved ones", () => {
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
    for (const address of [
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "fe80::1",
      "fc00::1",
      "ff02::1",
      "64:ff9b::a00:1",
      "2002:a00:1::",
      "2001:db8::1",
      "nonsense",
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
    for (const address of ["8.8.8.8", "172.32.0.1", "2606:4700::1111"])
      expect([address, isPublicAddress(address)]).toEqual([address, true]);
  });

  it.each([
    ["a host that is not listed", () => at("image", "elsewhere.example"), 403, /not fetched from "elsewhere.example"/],
    ["a listed host with a private address", () => at("image", "inside.example"), 403, /private address/],
    ["an address in numbers", () => at("image", "127.0.0.1"), 403, /not fetched from "127.0.0.1"/],
    [
      "a redirect to a host that is not listed",
      () => at(`redirect/${encodeURIComponent("http://169.254.169.254/latest")}`),
      403,
      /not fetched from "169/,
    ],
    [
      "a redirect to a private address",
      () => at(`redirect/${encodeURIComponent(at("image", "inside.example"))}`),
      403,
      /private address/,
    ],
    ["a redirect to a file", () => at(`redirect/${encodeURIComponent("file:///etc/passwd")}`), 403, /not fetched by "file:"/],
    ["redirects without end", () => at(`redirect/${encodeURIComponent("/redirect/%2Fredirect%2Fx")}`), 422, /status|redirected/],
    ["a name and a password", () => `http://me:secret@photos.example:${port}/image`, 403, /password/],
    ["an image of too many bytes", () => at("large"), 413, /more than 1000 bytes/],
    ["an answer that is none", () => at("error"), 422, /status 500/],
  ] as const)("%s", async (_, address, status, words) => {
    const before = asked.length;
    await expect(fetchImage(address(), rules())).rejects.toMatchObject({ status, message: expect.stringMatching(words) });
    for (const each of asked.slice(before)) expect(each).toMatch(/^photos\.example/);
  });

  it("a listed host one of whose addresses is private", async () => {
    const both = [
      { address: "127.0.0.1", family: 4 },
      { address: "10.0.0.7", family: 4 },
    ];
    await expect(fetchImage(at("image"), rules({ resolve: async () => both }))).rejects.toMatchObject({ status: 403 });
  });
});

it("an allowed host is fetched from the very address that was checked, also after a redirect", async () => {
  let lookups = 0;
  const resolve = async () => [{ address: ++lookups > 2 ? "10.0.0.7" : "127.0.0.1", family: 4 }];
  const bytes = await fetchImage(at(`redirect/${encodeURIComponent("/image")}`), rules({ resolve }));
  expect([...bytes]).toEqual([1, 2, 3]);
  expect(lookups).toBe(2);
});

it("a server fetches nothing unless it was allowed, and never from its own machine", async () => {
  const before = asked.length;
  const closed = await serve();
  const open = await serve({ allowHosts: ["127.0.0.1", `localhost:${port}`, "localhost"] });
  for (const [server, image] of [
    [closed, at("image")],
    [open, at("image", "127.0.0.1")],
    [open, at("image", "localhost")],
  ] as const)
    for (const answer of [
      await postJson(server, "/v1/features", { image }),
      await postJson(server, "/v1/embeddings", { input: image }),
    ])
      expect(answer.status).toBe(403);
  expect(asked.length).toBe(before);
  expect((await postJson(open, "/v1/features", { image: Buffer.from(await drawPng()).toString("base64") })).status).toBe(200);
});
