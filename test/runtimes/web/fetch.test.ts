/** A page's downloads against servers that misbehave, without a browser: limits, web pages in place of files, and a damaged cache. */
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { S2Error } from "../../../src/core/index.ts";
import type { FetchOptions } from "../../../src/runtimes/web/fetch-file.ts";
import { fetchFromHub } from "../../../src/runtimes/web/fetch-hub.ts";
import { type Files, fetchFolder, fetchOnnx } from "../../../src/runtimes/web/fetch-model.ts";
import { type Kept, type ModelCache, openModelCache } from "../../../src/runtimes/web/model-cache.ts";
import { COMMIT, MODEL, NAME, startHub, type TinyHub } from "../tiny-hub.ts";

let hub: TinyHub;
let kept: Map<string, Kept>;
let cache: ModelCache;

beforeEach(async () => {
  hub = await startHub();
  kept = new Map();
  cache = {
    read: async (address) => kept.get(address),
    write: async (address, file) => void kept.set(address, file),
    remove: async (address) => void kept.delete(address),
  };
  vi.stubGlobal("isSecureContext", true);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await hub.close();
});

const GRAPH = "onnx/model.onnx";
const onGraph = (answer: (response: ServerResponse) => unknown) => {
  hub.onFile = (path, _request, response) => {
    if (path === GRAPH) answer(response);
    return path === GRAPH;
  };
};
const fromHub = (ways: FetchOptions = {}) => fetchFromHub({ name: NAME, revision: "main", hubUrl: hub.url }, { cache, ...ways });
/** The hub's files as a plain folder, whose sizes nobody lists. */
const folder = () => `${hub.url}/${NAME}/resolve/${COMMIT}/`;
const fromFolder = (ways: FetchOptions = {}) => fetchFolder(folder(), { cache, ...ways });

async function refusal(running: Promise<unknown>, code: string): Promise<string> {
  const error = await running.then(
    () => expect.unreachable("not refused"),
    (error) => error,
  );
  expect(error).toBeInstanceOf(S2Error);
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/secret/);
  expect([...kept.keys()].filter((address) => address.endsWith(GRAPH))).toEqual([]);
  return error.message;
}

describe("a model of the hub in a page", () => {
  it("comes with every processor file and is kept", async () => {
    hub.files["processor_config.json"] = Buffer.from("{}");
    const names = ["config.json", "onnx/model.onnx", "preprocessor_config.json", "processor_config.json"];
    expect([...(await fromHub()).keys()].sort()).toEqual(names);
    hub.requests = [];
    expect([...(await fromHub({ offline: true })).keys()].sort()).toEqual(names);
    expect(hub.requests).toEqual([]);
  });

  it("is cut off when a file is longer than the hub lists, and refused when it is shorter", async () => {
    let open = true;
    onGraph((response) => {
      response.on("close", () => {
        open = false;
      });
      const more = () => open && response.write(Buffer.alloc(1 << 16), () => setImmediate(more));
      response.writeHead(200);
      more();
    });
    expect(await refusal(fromHub(), "model-network")).toContain(`more than ${MODEL.length} bytes`);
    await expect.poll(() => open).toBe(false);
    onGraph((response) => response.writeHead(200).end("short"));
    vi.stubGlobal("isSecureContext", false); // where a page cannot compute checksums
    expect(await refusal(fromHub(), "hub-checksum")).toContain("arrived with 5 bytes");
  });

  it("is refused in a sentence when the network answers with its login page", async () => {
    onGraph((response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"));
    expect(await refusal(fromHub(), "hub-network")).toContain("asks for a login");
    hub.onApi = (response) => Boolean(response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"));
    expect(await refusal(fromHub(), "hub-network")).toContain("asks for a login");
  });

  it.each(["", '{"sha":', '{"sha":5}', '[{"type":"file"}]'])("is refused in a sentence when the hub answers %j", async (json) => {
    hub.onApi = (response) => Boolean(response.writeHead(200).end(json));
    expect(await refusal(fromHub(), "hub-network")).toContain("/revision/main");
  });

  it("is refused when the hub lists a file outside the folder, and when its address is none", async () => {
    hub.files["../../x"] = MODEL;
    expect(await refusal(fromHub(), "hub-network")).toContain("outside the model's folder");
    const nowhere = fetchFromHub({ name: NAME, revision: "main", hubUrl: "http://user:secret@hub" }, { cache });
    expect(await refusal(nowhere, "hub-name")).toContain("hub address");
  });

  it("is refused when a listed file is not there", async () => {
    onGraph((response) => response.writeHead(404).end());
    expect(await refusal(fromHub(), "model-network")).toContain("404");
  });
});

describe("a model of a server in a page", () => {
  const silent = (response: ServerResponse) => response.writeHead(200, { "Content-Length": 1000 }).write("half");

  it.each([
    ["in the middle", silent],
    ["before it answers", () => undefined],
  ])("is given up when the server falls silent %s", async (_, answer) => {
    onGraph(answer);
    expect(await refusal(fromFolder({ idleLimit: 1000 }), "model-network")).toContain("nothing arrived for 1 s");
    expect(await refusal(fromHub({ idleLimit: 1000 }), "model-network")).toContain("nothing arrived for 1 s");
  });

  it("has no config of more than 32 MB", async () => {
    hub.files["config.json"] = Buffer.alloc((32 << 20) + 1);
    expect(await refusal(fromFolder(), "model-network")).toContain("more than");
  });

  it("whose address answers with a web page is not found, whatever the page says it is", async () => {
    const address = `${folder()}${GRAPH}?token=secret`;
    onGraph((response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"));
    expect(await refusal(fetchOnnx(address, { cache }), "model-not-found")).toContain("a web page instead");
    onGraph((response) => response.writeHead(200).end("<!doctype html><title>app</title>"));
    expect(await refusal(fetchOnnx(address, { cache }), "model-not-found")).toContain("a web page instead");
  });

  it("a web page without its type in place of a file that a folder may have is no file", async () => {
    onGraph((response) => response.writeHead(200).end("<!doctype html><title>app</title>"));
    hub.files["model.onnx"] = MODEL;
    expect(MODEL.equals((await fromFolder()).get("model.onnx")!)).toBe(true);
  });

  it.each([
    [503, "the kept files are loaded"],
    [200, "the kept files stay"],
  ])("whose server answers every request with a web page and status %i: %s", async (status) => {
    const contents = (files: Files) => [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
    const before = contents(await fromFolder());
    const page = (response: ServerResponse) =>
      Boolean(response.writeHead(status, { "Content-Type": "text/html" }).end("<html>be back soon"));
    hub.onFile = (_path, _request, response) => page(response);
    if (status === 503) expect(contents(await fromFolder())).toEqual(before);
    else expect((await fromFolder()).size).toBe(0);
    expect(contents(await fromFolder({ offline: true }))).toEqual(before);
  });

  it("an address with a signature is not printed", async () => {
    onGraph((response) => response.writeHead(503).end());
    expect(await refusal(fetchOnnx(`${folder()}${GRAPH}?X-Amz-Signature=secret`, { cache }), "model-network")).toContain("503");
    expect(
      await refusal(fetchOnnx(`${folder()}${GRAPH}?X-Amz-Signature=secret`, { cache, offline: true }), "offline"),
    ).toBeTruthy();
  });
});

it("a cache whose storage is damaged is noticed, and the entry is deleted", async () => {
  const removed: string[] = [];
  const broken = { headers: new Headers(), arrayBuffer: () => Promise.reject(new TypeError("network error")) };
  vi.stubGlobal("caches", {
    open: async () => ({ match: async () => broken, delete: async (address: string) => removed.push(address) }),
  });
  const notices: string[] = [];
  const opened = await openModelCache(({ code }) => notices.push(code));
  expect(await opened!.read("http://here/model.onnx")).toBeUndefined();
  expect([removed, notices]).toEqual([["http://here/model.onnx"], ["cache-damaged"]]);
});
