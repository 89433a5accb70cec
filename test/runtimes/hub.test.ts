/** downloadModel against a tiny hub on 127.0.0.1: the three routes of the real one, and every way in which a download goes wrong. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DownloadOptions, downloadModel } from "../../src/runtimes/node/hub.ts";
import { COMMIT, FILES, MODEL, NAME, startHub, type TinyHub } from "./tiny-hub.ts";

let hub: TinyHub;
let cacheDir: string;

beforeEach(async () => {
  hub = await startHub();
  cacheDir = await mkdtemp(join(tmpdir(), "s2-hub-"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_ENDPOINT"]) vi.stubEnv(name, "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  await rm(cacheDir, { recursive: true });
});

describe("downloadModel", () => {
  it("fetches configs and the graph into owner/name/commit, and nothing else", async () => {
    const folder = await download();
    expect(folder).toBe(join(cacheDir, "some-one", "small-model.v1", COMMIT));
    expect(await filesIn(folder)).toEqual(["config.json", "onnx/model.onnx", "preprocessor_config.json"]);
    expect((await readFile(join(folder, "onnx/model.onnx"))).equals(MODEL)).toBe(true);
    expect(fileRequests()).toHaveLength(3);
  });

  it("takes model.onnx at the top and external data beside it", async () => {
    const { "config.json": config } = FILES;
    const [a, b] = [Buffer.from("a"), Buffer.alloc(0)];
    hub.files = {
      "config.json": config,
      "model.onnx": MODEL,
      "model.onnx_data": a,
      "model.onnx_data_1": b,
      "other.onnx_data": a,
    };
    expect(await filesIn(await download())).toEqual(["config.json", "model.onnx", "model.onnx_data", "model.onnx_data_1"]);
  });

  it("tells how far each file is", async () => {
    const done: { file: string; bytes: number; of: number }[] = [];
    await download({ onProgress: (step) => done.push(step) });
    const model = done.filter(({ file }) => file === "onnx/model.onnx");
    expect(model[0]).toEqual({ file: "onnx/model.onnx", bytes: 0, of: MODEL.length });
    expect(model.at(-1)?.bytes).toBe(MODEL.length);
    expect(model.map(({ bytes }) => bytes)).toEqual(model.map(({ bytes }) => bytes).sort((a, b) => a - b));
    expect(new Set(done.map(({ file }) => file)).size).toBe(3);
  });

  it("fetches no file twice, and a new commit into a new folder", async () => {
    const first = await download();
    expect(await download()).toBe(first);
    expect(fileRequests()).toHaveLength(3);
    hub.commit = "f".repeat(40);
    expect(await download()).not.toBe(first);
    expect(await download({ revision: COMMIT })).toBe(first);
  });

  it("asks nothing for a commit that is cached", async () => {
    await download();
    hub.requests = [];
    await download({ revision: COMMIT });
    expect(hub.requests).toEqual([]);
  });

  it("sends HF_TOKEN and takes the hub's address from HF_ENDPOINT", async () => {
    vi.stubEnv("HF_TOKEN", "secret");
    vi.stubEnv("HF_ENDPOINT", `${hub.url}/`);
    await downloadModel(NAME, { cacheDir });
    expect(hub.requests.length).toBeGreaterThan(4);
    expect(hub.requests.every(({ token }) => token === "Bearer secret")).toBe(true);
  });

  it("caches under S2_CACHE, else under XDG_CACHE_HOME", async () => {
    vi.stubEnv("XDG_CACHE_HOME", cacheDir);
    vi.stubEnv("S2_CACHE", "");
    expect(await downloadModel(NAME, { hubUrl: hub.url })).toBe(join(cacheDir, "s2-vision", NAME, COMMIT));
    vi.stubEnv("S2_CACHE", join(cacheDir, "mine"));
    expect(await downloadModel(NAME, { hubUrl: hub.url })).toBe(join(cacheDir, "mine", NAME, COMMIT));
  });
});

describe("downloadModel: cut connections and wrong bytes", () => {
  /** Sends half of the graph and hangs up, `times` times. */
  const cut = (times: number) => {
    hub.onFile = (path, _request, response) => {
      if (path !== "onnx/model.onnx" || times-- <= 0) return false;
      response.writeHead(200, { "Content-Length": MODEL.length });
      response.write(MODEL.subarray(0, MODEL.length / 2), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
  };
  const graphRequests = () => fileRequests().filter(({ url }) => url.endsWith("model.onnx"));

  it("goes on in the same call where the connection broke", async () => {
    cut(1);
    const folder = await download();
    expect((await readFile(join(folder, "onnx/model.onnx"))).equals(MODEL)).toBe(true);
    expect(graphRequests().map(({ range }) => range)).toEqual([undefined, `bytes=${MODEL.length / 2}-`]);
  });

  it("keeps the part when the server stays away, and the next call goes on from it", async () => {
    cut(1);
    const send = hub.onFile!;
    hub.onFile = (path, request, response) => {
      if (!request.headers.range) return send(path, request, response);
      response.destroy();
      return true;
    };
    await expect(download()).rejects.toMatchObject({ code: "hub-network" });
    hub.onFile = undefined;
    const bytes: number[] = [];
    const folder = await download({ onProgress: (step) => step.file === "onnx/model.onnx" && bytes.push(step.bytes) });
    expect(bytes[0]).toBe(MODEL.length / 2);
    expect((await readFile(join(folder, "onnx/model.onnx"))).equals(MODEL)).toBe(true);
    expect(await filesIn(folder)).toHaveLength(3);
  });

  it("says so when an answer ends before its bytes do, again and again", async () => {
    hub.onFile = (path, _request, response) => path === "onnx/model.onnx" && Boolean(response.writeHead(200).end());
    await expect(download()).rejects.toMatchObject({
      code: "hub-network",
      message: expect.stringContaining("at 0 of 300000 bytes"),
    });
  });

  it("manages with a server that knows no ranges", async () => {
    cut(1);
    hub.ranges = false;
    const folder = await download();
    expect((await readFile(join(folder, "onnx/model.onnx"))).equals(MODEL)).toBe(true);
  });

  it.each(["onnx/model.onnx", "config.json"])("refuses %s with a wrong checksum and deletes the part", async (wrong) => {
    hub.onFile = (path, _request, response) => {
      if (path !== wrong) return false;
      response.end(Buffer.from(FILES[path]).fill(1, 3, 9));
      return true;
    };
    await expect(download()).rejects.toMatchObject({
      code: "hub-checksum",
      message: expect.stringContaining("The partial file was deleted"),
    });
    const folder = join(cacheDir, NAME, COMMIT);
    expect((await filesIn(folder)).filter((path) => path.startsWith(wrong))).toEqual([]);
    await expect(download({ offline: true })).rejects.toMatchObject({ code: "offline" }); // half a folder is not a cached model
    hub.onFile = undefined;
    expect(await filesIn(await download())).toHaveLength(3);
  });

  it("stops when shown to", async () => {
    const stop = new AbortController();
    const running = download({ signal: stop.signal, onProgress: ({ bytes }) => bytes > 0 && stop.abort() });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("downloadModel: offline", () => {
  it("gives the cached folder without a request", async () => {
    const folder = await download();
    hub.requests = [];
    expect(await download({ offline: true })).toBe(folder);
    expect(await download({ offline: true, revision: COMMIT })).toBe(folder);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await download()).toBe(folder);
    expect(hub.requests).toEqual([]);
  });

  it("refuses what is not cached, without a request", async () => {
    await expect(download({ offline: true })).rejects.toMatchObject({
      code: "offline",
      message: expect.stringContaining("Run once with a network"),
    });
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await expect(download()).rejects.toMatchObject({ code: "offline" });
    expect(hub.requests).toEqual([]);
  });
});

describe("downloadModel: refusals", () => {
  const api = (status: number, headers: Record<string, string> = {}) => {
    hub.onApi = (response) =>
      Boolean(response.writeHead(status, { "Content-Type": "application/json", ...headers }).end('{"error":"no"}'));
  };

  it.each([
    [404, {}, "hub-not-found", "models?search=small-model.v1"],
    [401, { "X-Error-Code": "RepoNotFound" }, "hub-not-found", "Set HF_TOKEN"],
    [401, {}, "hub-not-found", "or it is private"],
    [404, { "X-Error-Code": "RevisionNotFound" }, "hub-not-found", 'no revision "main"'],
    [401, { "X-Error-Code": "GatedRepo" }, "hub-denied", "Set HF_TOKEN"],
    [403, {}, "hub-denied", "Accept its terms"],
    [429, {}, "hub-network", "asks to wait"],
    [503, {}, "hub-network", "try again later"],
  ] as const)("status %i %o is %s", async (status, headers, code, says) => {
    api(status, headers);
    await expect(download()).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
  });

  it("says so when the files alone are gated, with a token too", async () => {
    vi.stubEnv("HF_TOKEN", "hf_other");
    hub.onFile = (_path, _request, response) => Boolean(response.writeHead(403, { "X-Error-Code": "GatedRepo" }).end());
    await expect(download()).rejects.toMatchObject({ code: "hub-denied", message: expect.stringContaining("has no access") });
  });

  it("takes the weights where there is no ONNX file, to build the model from", async () => {
    hub.files = { "config.json": FILES["config.json"], "model.safetensors": MODEL };
    const folder = await download();
    expect((await readFile(join(folder, "model.safetensors"))).equals(MODEL)).toBe(true);
  });

  it("lists what a repository without ONNX has", async () => {
    hub.files = { "config.json": FILES["config.json"], "pytorch_model.bin": MODEL };
    const says = expect.stringContaining("It has: config.json, pytorch_model.bin.");
    await expect(download()).rejects.toMatchObject({ code: "hub-no-onnx", message: says });
    expect(fileRequests()).toEqual([]);
  });

  it("says that the hub cannot be reached, and that a copy is there", async () => {
    await download();
    await hub.close();
    await expect(download()).rejects.toMatchObject({
      code: "hub-network",
      message: expect.stringContaining("pass offline: true"),
    });
    const never = downloadModel("some-one/else", { cacheDir, hubUrl: hub.url });
    await expect(never).rejects.toMatchObject({ code: "hub-network", message: expect.stringContaining("ECONNREFUSED") });
  });

  it.each(["dinov2", "a/b/c", "../up", "a/..", "a b/c", ""])("refuses the name %j", async (name) => {
    await expect(downloadModel(name, { cacheDir, hubUrl: hub.url })).rejects.toMatchObject({ code: "hub-name" });
    expect(hub.requests).toEqual([]);
  });

  it("refuses a revision that is a way out of the folder, and a commit that is none", async () => {
    await expect(download({ revision: "../../x" })).rejects.toMatchObject({ code: "hub-name" });
    hub.commit = "../../../x";
    await expect(download()).rejects.toMatchObject({ code: "hub-network", message: expect.stringContaining("40 hex digits") });
  });
});

describe("downloadModel: what earlier calls left on the disk", () => {
  let graph: string;
  beforeEach(async () => {
    graph = join(await download(), "onnx", "model.onnx");
    hub.requests = [];
  });
  const lose = async () => {
    await rm(join(cacheDir, NAME, "refs"), { recursive: true });
    await rm(graph);
  };
  const isRight = async () => (await readFile(graph)).equals(MODEL);

  it("continues a part of a killed process, and downloads anew what is wrong in one", async () => {
    await lose();
    await writeFile(`${graph}.0123456789ab.part`, MODEL.subarray(0, 1000));
    await download();
    expect(hub.requests.at(-1)).toMatchObject({ range: "bytes=1000-" });
    await lose();
    await writeFile(`${graph}.123456789abc.part`, Buffer.alloc(2000, 9));
    await download();
    expect(fileRequests().map(({ range }) => range)).toEqual(["bytes=1000-", "bytes=2000-", undefined]);
    expect(await isRight()).toBe(true);
  });

  it("leaves the parts of others alone until they are old", async () => {
    const [fresh, old] = [`${graph}.0123456789ab.part`, `${graph}.ba9876543210.part`];
    for (const part of [fresh, old]) await writeFile(part, MODEL.subarray(0, 1000));
    await utimes(old, new Date(), new Date(Date.now() - 3_600_000));
    await download();
    expect((await filesIn(cacheDir)).filter((path) => path.endsWith(".part"))).toEqual([fresh.slice(cacheDir.length + 1)]);
  });

  it("takes over an old part instead of copying it", async () => {
    await lose();
    const old = `${graph}.ba9876543210.part`;
    await writeFile(old, MODEL.subarray(0, 1000));
    await utimes(old, new Date(), new Date(Date.now() - 3_600_000));
    await download();
    expect(hub.requests.at(-1)).toMatchObject({ range: "bytes=1000-" });
    expect((await filesIn(cacheDir)).filter((path) => path.endsWith(".part"))).toEqual([]);
  });

  it.each([
    ["shorter", MODEL.subarray(0, 1000)],
    ["of the same size with another byte", Buffer.from(MODEL).fill(1, 5, 6)],
  ])("finds a file that is %s, and downloads that file anew", async (_, bytes) => {
    await writeFile(graph, bytes);
    await expect(download({ offline: true })).rejects.toMatchObject({
      code: "offline",
      message: expect.stringContaining("onnx/model.onnx"),
    });
    await download({ revision: COMMIT });
    expect(await isRight()).toBe(true);
    expect(fileRequests()).toHaveLength(1);
  });

  it("finds a file that is gone", async () => {
    await rm(graph);
    await download({ revision: COMMIT });
    expect(await isRight()).toBe(true);
  });

  it("checks a cache that was copied from another machine, once", async () => {
    await utimes(graph, new Date(), new Date(0));
    await download({ offline: true });
    const [manifest] = (await filesIn(cacheDir)).filter((path) => path.includes("checked"));
    expect(await readFile(join(cacheDir, manifest), "utf8")).toContain('"mtimeMs":0');
  });

  it("takes a damaged note of what is cached for none", async () => {
    const [manifest] = (await filesIn(cacheDir)).filter((path) => path.includes("checked"));
    await writeFile(join(cacheDir, manifest), '[{"path":1}]');
    await download();
    expect(fileRequests()).toHaveLength(0); // all files are right, by their checksums
    expect(await download({ offline: true })).toBe(join(cacheDir, NAME, COMMIT));
  });
});

function download(options: DownloadOptions = {}): Promise<string> {
  return downloadModel(NAME, { cacheDir, hubUrl: hub.url, ...options });
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

function fileRequests() {
  return hub.requests.filter(({ url }) => url.includes("/resolve/"));
}
