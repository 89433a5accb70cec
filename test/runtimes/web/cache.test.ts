/** Model files on the second visit: out of the cache, checked, replaced when the server has newer ones, and there without a network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, noChromium, root } from "../../../scripts/browser.mjs";
import { COMMIT, NAME } from "../tiny-hub.ts";
import { openPage, skipped, startBrowser, type WebPage } from "./page.ts";

const toy = readFileSync(`${root}test/runtimes/models/plain.onnx`);
const config = Buffer.from(JSON.stringify({ model_type: "vit", patch_size: 8, image_size: 32 }));
const load = `const notices = []; const progress = [];
  const load = async (source, options) => {
    const model = await web.loadModel(source, { threads: 1, onNotice: ({ code }) => notices.push(code), onProgress: (done) => progress.push(done), ...options });
    const { dims } = await model({ dims: [1, 3, 32, 32], data: new Float32Array(3072) });
    await model.dispose();
    return dims;
  };`;

describe.skipIf(noChromium)(`model files in a page${skipped}`, () => {
  let browser: Browser;
  let web: WebPage;
  let etag = '"1"';
  let down = false;
  /** A file with a version; while the server is down its connections break. */
  const versioned =
    (body: Buffer): Answer =>
    (request: IncomingMessage, response: ServerResponse) => {
      if (down) return request.socket.destroy();
      response.writeHead(200, {
        ETag: etag,
        "Content-Length": body.length,
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-store",
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
  const missing: Answer = (request, response) => (down ? request.socket.destroy() : response.writeHead(404).end());
  const sha1 = (body: Buffer) => createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex");
  const sha256 = (body: Buffer) => createHash("sha256").update(body).digest("hex");
  const json =
    (value: () => unknown): Answer =>
    (request, response) => {
      if (down) return request.socket.destroy();
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value()));
    };
  let hubConfig = config;
  let listedModel = sha256(toy);
  let commit = COMMIT;
  const hubFiles = () => [
    { type: "directory", path: "onnx", size: 0, oid: "" },
    { type: "file", path: "config.json", size: hubConfig.length, oid: sha1(config) },
    { type: "file", path: "onnx/model.onnx", size: toy.length, oid: "0", lfs: { oid: listedModel } },
    { type: "file", path: "README.md", size: 1, oid: "1" },
  ];
  const page: Answer = (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>");
  beforeAll(async () => {
    browser = await startBrowser();
    const second = COMMIT.replace("0123", "9999");
    const answers: Record<string, Answer> = {
      "/toy/config.json": versioned(config),
      "/toy/model.onnx": versioned(toy),
      "/toy/preprocessor_config.json": missing,
      "/toy/onnx/model.onnx": missing,
      ...{
        "/spa/onnx/model.onnx": page,
        "/spa/config.json": page,
        "/spa/preprocessor_config.json": page,
        "/spa/model.onnx": toy,
      },
      [`/api/models/${NAME}/revision/main`]: json(() => ({ sha: commit })),
      ...Object.fromEntries(
        [COMMIT, second].flatMap((sha) => [
          [`/api/models/${NAME}/tree/${sha}`, json(hubFiles)],
          [
            `/${NAME}/resolve/${sha}/config.json`,
            (request, response) => (versioned(hubConfig) as Exclude<Answer, string | Uint8Array>)(request, response),
          ],
          [`/${NAME}/resolve/${sha}/onnx/model.onnx`, versioned(toy)],
        ]) as [string, Answer][],
      ),
    };
    web = await openPage({ browser, answers });
  });
  afterAll(async () => {
    await web?.close();
    await browser?.close();
  });
  beforeEach(async () => {
    [etag, down, hubConfig, listedModel, commit] = ['"1"', false, config, sha256(toy), COMMIT];
    await web.run('await caches.delete("s2-vision");');
  });
  const asked = (from: number) => web.paths.slice(from).filter((path) => /toy|resolve|api/.test(path));

  it("arrive with progress; the second load asks whether they changed and fetches nothing", async () => {
    const [dims, progress] = await web.run<[number[], { file: string; bytes: number; of: number }[]]>(
      `${load} return [await load("/toy/"), progress];`,
    );
    expect(dims).toEqual([1, 17, 4]);
    expect(progress.at(-1)).toEqual({ file: "model.onnx", bytes: toy.length, of: toy.length });
    const before = web.paths.length;
    await web.run(`${load} await load("/toy/");`);
    const again = asked(before);
    expect(again).toContain("HEAD /toy/model.onnx");
    expect(again).not.toContain("/toy/model.onnx");
  });

  it("are fetched anew when the server has another version", async () => {
    await web.run(`${load} await load("/toy/");`);
    etag = '"2"';
    const before = web.paths.length;
    await web.run(`${load} await load("/toy/");`);
    expect(asked(before)).toContain("/toy/model.onnx");
    const then = web.paths.length;
    await web.run(`${load} await load("/toy/");`);
    expect(asked(then)).not.toContain("/toy/model.onnx");
  });

  it.each(["/toy/", "/toy/model.onnx"])(
    "%s is there without a network, also where files are missing, and with `offline` nobody is asked",
    async (source) => {
      await web.run(`${load} await load(source);`, { source });
      down = true;
      expect(await web.run<number[]>(`${load} return load(source);`, { source })).toEqual([1, 17, 4]);
      const before = web.paths.length;
      expect(await web.run<number[]>(`${load} return load(source, { offline: true });`, { source })).toEqual([1, 17, 4]);
      expect(asked(before)).toEqual([]);
    },
  );

  it("that were never loaded are refused without a network, in words", async () => {
    expect(await web.run<object>(`${load} return refusal(load("/toy/", { offline: true }));`)).toMatchObject({ code: "offline" });
    down = true;
    expect(await web.run<object>(`${load} return refusal(load("/toy/"));`)).toMatchObject({ code: "model-network" });
  });

  it("that were damaged in the cache are noticed, deleted and fetched again", async () => {
    await web.run(`${load} await load("/toy/");`);
    const before = web.paths.length;
    const [dims, notices] = await web.run<[number[], string[]]>(`${load}
      const cache = await caches.open("s2-vision");
      const address = new URL("/toy/model.onnx", location.href).href;
      const kept = await cache.match(address);
      const bytes = new Uint8Array(await kept.arrayBuffer());
      bytes[1000] ^= 1;
      await cache.put(address, new Response(bytes, { headers: kept.headers }));
      return [await load("/toy/"), notices];`);
    expect(dims).toEqual([1, 17, 4]);
    expect(notices).toEqual(["cache-damaged"]);
    expect(asked(before)).toContain("/toy/model.onnx");
  });

  it("a server's page in place of a missing file is no file", async () => {
    expect(await web.run<number[]>(`${load} return load("/spa/", { patchSize: 8 });`)).toEqual([1, 17, 4]);
  });

  it("a page without https loads all the same, and says that nothing is kept", async () => {
    const insecure = await openPage({ browser });
    const notices = await insecure.run<string[]>(`${load}
      Object.defineProperty(globalThis, "isSecureContext", { value: false });
      await load("/test/runtimes/models/plain.onnx", { patchSize: 8 });
      return notices;`);
    expect(notices).toEqual(["not-cached"]);
    await insecure.close();
  });

  const fromHub = `${load} const hub = (options) => load(name, { hubUrl: location.origin, ...options });`;

  it("the hub's come by its list, checked by its checksums, and from the cache while the commit is the same", async () => {
    const [dims, progress] = await web.run<[number[], { file: string; of: number }[]]>(
      `${fromHub} return [await hub(), progress];`,
      { name: NAME },
    );
    expect(dims).toEqual([1, 17, 4]);
    expect(progress.at(-1)).toMatchObject({ file: "onnx/model.onnx", of: toy.length });
    const before = web.paths.length;
    await web.run(`${fromHub} await hub();`, { name: NAME });
    expect(asked(before).every((path) => path.startsWith("/api/"))).toBe(true);
    down = true;
    expect(await web.run<number[]>(`${fromHub} return hub();`, { name: NAME })).toEqual([1, 17, 4]);
    expect(await web.run<number[]>(`${fromHub} return hub({ offline: true });`, { name: NAME })).toEqual([1, 17, 4]);
  });

  it("a new commit's files take the place of the old one's", async () => {
    await web.run(`${fromHub} await hub();`, { name: NAME });
    commit = COMMIT.replace("0123", "9999");
    const kept = await web.run<string[]>(
      `${fromHub} await hub(); return (await (await caches.open("s2-vision")).keys()).map(({ url }) => url);`,
      { name: NAME },
    );
    expect(kept.filter((address) => address.includes(COMMIT))).toEqual([]);
    expect(kept.filter((address) => address.includes(commit)).length).toBe(2);
  });

  it("what arrives with another checksum than the hub's is refused and not kept", async () => {
    listedModel = sha256(Buffer.from("another"));
    const large = await web.run<object>(`${fromHub} return refusal(hub());`, { name: NAME });
    expect(large).toMatchObject({ code: "hub-checksum" });
    listedModel = sha256(toy);
    hubConfig = Buffer.from(config.toString().replace("32", "64"));
    const small = await web.run<object>(`${fromHub} return refusal(caches.delete("s2-vision").then(() => hub()));`, {
      name: NAME,
    });
    expect(small).toMatchObject({ code: "hub-checksum" });
  });

  it("a name that the hub does not know, and one that is none, are refused in words", async () => {
    expect(await web.run<object>(`${fromHub} return refusal(hub());`, { name: "no/model" })).toMatchObject({
      code: "hub-not-found",
    });
    expect(await web.run<object>(`${fromHub} return refusal(hub());`, { name: "./no/model" })).toMatchObject({
      code: "model-not-found",
    });
  });
});
