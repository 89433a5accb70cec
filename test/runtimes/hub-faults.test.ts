/** downloadModel against hubs and networks that misbehave: each fault is a sentence, the token stays at its hub, and nothing wrong is kept. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { type DownloadOptions, downloadModel } from "../../src/runtimes/node/hub.ts";
import { COMMIT, FILES, MODEL, NAME, startHub, type TinyHub } from "./tiny-hub.ts";

let hub: TinyHub;
/** Another server: what the hub redirects to. */
let other: TinyHub;
let cacheDir: string;

beforeEach(async () => {
  [hub, other] = [await startHub(), await startHub()];
  cacheDir = await mkdtemp(join(tmpdir(), "s2-hub-"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_ENDPOINT"]) vi.stubEnv(name, "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([hub.close(), other.close()]);
  await rm(cacheDir, { recursive: true });
});

const GRAPH = "onnx/model.onnx";
const graphPath = () => join(cacheDir, NAME, COMMIT, GRAPH);
const download = (options: DownloadOptions = {}) => downloadModel(NAME, { cacheDir, hubUrl: hub.url, ...options });
const parts = async () => (await readdir(cacheDir, { recursive: true })).filter((path) => path.endsWith(".part"));
/** Answers the request for the graph. */
const onGraph = (answer: (response: ServerResponse) => unknown) => {
  hub.onFile = (path, _request, response) => {
    if (path === GRAPH) answer(response);
    return path === GRAPH;
  };
};
const redirect = (target: string) => onGraph((response) => response.writeHead(302, { Location: target }).end());
const elsewhere = () => `${other.url}/${NAME}/resolve/${COMMIT}/${GRAPH}?X-Amz-Signature=secret-signature`;

/** The message of the refusal, which must be an S2Error of that code and print no signature. */
async function refusal(code: string, options?: DownloadOptions): Promise<string> {
  const error = await download(options).then(
    () => expect.unreachable("not refused"),
    (error) => error,
  );
  expect(error).toBeInstanceOf(S2Error);
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/secret/);
  return error.message;
}

describe("HF_TOKEN", () => {
  beforeEach(() => vi.stubEnv("HF_TOKEN", "secret-token\n"));

  it("goes to the hub and not to where the hub redirects", async () => {
    redirect(elsewhere());
    await download();
    expect((await readFile(graphPath())).equals(MODEL)).toBe(true);
    expect(hub.requests.every(({ token }) => token === "Bearer secret-token")).toBe(true);
    expect(other.requests.map(({ token }) => token)).toEqual([undefined]);
  });

  it("goes to the hub again when another server redirects back", async () => {
    const there = `${hub.url}/${NAME}/resolve/${COMMIT}/${GRAPH}`;
    hub.onFile = (path, request, response) =>
      path === GRAPH && !request.url!.includes("back") && Boolean(response.writeHead(307, { Location: elsewhere() }).end());
    other.onFile = (_path, _request, response) => Boolean(response.writeHead(307, { Location: `${there}?back` }).end());
    await download();
    expect(hub.requests.at(-1)?.token).toBe("Bearer secret-token");
    expect(other.requests.map(({ token }) => token)).toEqual([undefined]);
  });

  it("does not go to another server at which the list goes on", async () => {
    hub.onApi = (response, url) => {
      const link = `<${other.url}${url}>; rel="next"`;
      if (url.includes("/tree/")) response.setHeader("Link", link);
      return false;
    };
    await download();
    expect(other.requests.length).toBe(1);
    expect(other.requests[0].token).toBeUndefined();
  });

  it("is refused, and not printed, where it cannot be sent", async () => {
    vi.stubEnv("HF_TOKEN", "secret\ntoken");
    expect(await refusal("hub-denied")).toContain("HF_TOKEN has spaces");
  });
});

describe("redirects", () => {
  it("continue a cut download at the other server", async () => {
    redirect(elsewhere());
    let cuts = 1;
    other.onFile = (_path, _request, response) => {
      if (cuts-- <= 0) return false;
      response.writeHead(200, { "Content-Length": MODEL.length });
      response.write(MODEL.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    await download();
    expect(other.requests.at(-1)?.range).toBe("bytes=1000-");
    expect((await readFile(graphPath())).equals(MODEL)).toBe(true);
  });

  it.each([
    ["to themselves", () => `${hub.url}/${NAME}/resolve/${COMMIT}/${GRAPH}?secret`, /redirects more than 10 times/],
    ["to a file", () => "file:///etc/passwd", /not to an address of a server/],
    ["to no address", () => "http://", /not to an address of a server/],
    ["to nothing", () => "", /not to an address of a server/],
    ["to a server that is not there", () => "http://127.0.0.1:1/x?secret", /^http:\/\/127\.0\.0\.1:1 could not be reached/],
    ["to a page", () => `${other.url}/login?secret`, /answered 404|has no model/],
  ])("%s are a sentence", async (_, target, says) => {
    redirect(target());
    const code = target().includes("login") ? "hub-not-found" : "hub-network";
    expect(await refusal(code)).toMatch(says);
    expect(await parts()).toEqual([]);
  });

  it("that break off are a sentence", async () => {
    onGraph((response) => {
      response.writeHead(302, { Location: elsewhere(), "Content-Length": 100 }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    other.onFile = (_path, _request, response) => Boolean(response.destroy());
    expect(await refusal("hub-network")).toContain("could not be reached");
  });

  it("an error of a signed address does not print the signature", async () => {
    redirect(elsewhere());
    other.onFile = (_path, _request, response) => Boolean(response.writeHead(503).end());
    expect(await refusal("hub-network")).toMatch(/model\.onnx answered 503/);
  });
});

describe("a server that sends something else than the file", () => {
  it("is cut off when it sends more than the hub lists, and nothing is kept", async () => {
    let open = true;
    onGraph((response) => {
      response.on("close", () => {
        open = false;
      });
      const more = () => open && response.write(Buffer.alloc(1 << 16), () => setImmediate(more));
      response.writeHead(200);
      more();
    });
    expect(await refusal("hub-checksum")).toContain(`sent more than the ${MODEL.length} bytes`);
    await expect.poll(() => open).toBe(false);
    expect(await parts()).toEqual([]);
  });

  it("is given up when it falls silent, and its bytes are kept", async () => {
    onGraph((response) => response.writeHead(200, { "Content-Length": MODEL.length }).write(MODEL.subarray(0, 1000)));
    const says = await refusal("hub-network", { idleLimit: 1000 });
    expect(says).toMatch(/broke off at 1000 of 300000 bytes .*nothing arrived for 1 s/);
    hub.onFile = undefined;
    await download();
    expect(hub.requests.at(-1)?.range).toBe("bytes=1000-");
  });

  it("is given up when it never answers, for the file and for the list", async () => {
    onGraph(() => undefined);
    expect(await refusal("hub-network", { idleLimit: 1000 })).toContain("nothing arrived for 1 s");
    hub.onApi = () => true;
    expect(await refusal("hub-network", { idleLimit: 1000 })).toContain("nothing arrived for 1 s");
    hub.onApi = (response) => response.writeHead(200, { "Content-Type": "application/json" }).write('{"sha":');
    expect(await refusal("hub-network", { idleLimit: 1000 })).toContain("nothing arrived for 1 s");
  });

  it("is named when it is the login page of a network", async () => {
    onGraph((response) => response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end("<html>log in</html>"));
    expect(await refusal("hub-network")).toContain("asks for a login");
    hub.onApi = (response) => Boolean(response.writeHead(200, { "Content-Type": "text/html" }).end("<html>log in</html>"));
    expect(await refusal("hub-network")).toContain("asks for a login");
    hub.onApi = (response) => Boolean(response.writeHead(200).end("\n<!DOCTYPE html><p>log in"));
    expect(await refusal("hub-network")).toContain("asks for a login");
  });

  it.each([
    ["416", (response: ServerResponse) => response.writeHead(416).end()],
    [
      "another range",
      (response: ServerResponse) => response.writeHead(206, { "Content-Range": "bytes 0-9/300000" }).end("0123456789"),
    ],
    ["a range without its place", (response: ServerResponse) => response.writeHead(206).end("0123456789")],
  ])("when it answers a continued download with %s, the file is sent from the start", async (_, answer) => {
    let isFirst = true;
    hub.onFile = (path, request, response) => {
      if (path !== GRAPH) return false;
      if (request.headers.range) return Boolean(answer(response));
      if (!isFirst) return false;
      isFirst = false;
      response.writeHead(200, { "Content-Length": MODEL.length });
      response.write(MODEL.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    await download();
    expect((await readFile(graphPath())).equals(MODEL)).toBe(true);
  });

  it("a 416 for a whole file is a sentence", async () => {
    onGraph((response) => response.writeHead(416).end());
    expect(await refusal("hub-network")).toContain("answered 416");
  });
});

describe("a list of files", () => {
  const list = (value: unknown, headers: Record<string, string> = {}) => {
    hub.onApi = (response, url) =>
      url.includes("/tree/") &&
      Boolean(response.writeHead(200, headers).end(typeof value === "string" ? value : JSON.stringify(value)));
  };
  const file = { type: "file", path: "config.json", size: 1, oid: "0" };

  it.each([
    ["that is cut off", '[{"type":"file","pa', "is not valid JSON"],
    ["that is empty", "", "is not valid JSON"],
    ["that is an object", {}, "expected Array"],
    ["of null", [null], "expected Object"],
    ["without a path", [{ ...file, path: undefined }], "0.path"],
    ["with a negative size", [{ ...file, size: -1 }], "0.size"],
    ["with half a byte", [{ ...file, size: 0.5 }], "0.size"],
    ["with a size as text", [{ ...file, size: "1" }], "0.size"],
    ["with a checksum that is a number", [{ ...file, lfs: { oid: 1 } }], "0.lfs.oid"],
  ])("%s is a sentence", async (_, value, says) => {
    list(value);
    expect(await refusal("hub-network")).toContain(says);
  });

  it.each(["../x", "onnx/../../x", "/etc/passwd", "..\\x", "\\x", "C:\\x", "c:x", "a\0b"])(
    "with the name %j is refused, and nothing is downloaded",
    async (path) => {
      list([{ ...file, path }, file]);
      expect(await refusal("hub-network")).toContain("outside the model's folder");
      expect(await readdir(cacheDir)).toEqual([]);
    },
  );

  it("without end is given up, and so is one whose pages have no end", async () => {
    list([file], { Link: `<${hub.url}/api/models/${NAME}/tree/${COMMIT}?cursor=1>; rel="next"` });
    expect(await refusal("hub-network")).toContain("without end");
    list(" ".repeat((32 << 20) + 1));
    expect(await refusal("hub-network")).toContain("sent more than");
  });

  it("whose next page is no address is a sentence", async () => {
    list([file], { Link: '<http://>; rel="next"' });
    expect(await refusal("hub-network")).toContain("no address");
  });

  it("on several pages is read whole", async () => {
    hub.onApi = (response, url) => {
      if (!url.includes("/tree/") || url.includes("cursor")) return false;
      response.setHeader("Link", `</api/models/${NAME}/tree/${COMMIT}?recursive=true&cursor=1>; rel="next"`);
      return Boolean(response.writeHead(200).end("[]"));
    };
    await download();
    expect((await readFile(graphPath())).equals(MODEL)).toBe(true);
  });

  it("with weights in numbered files gives those, their index and every processor file", async () => {
    hub.files = {
      "config.json": FILES["config.json"],
      "processor_config.json": Buffer.from("{}"),
      "model-00001-of-00002.safetensors": MODEL,
      "model-00002-of-00002.safetensors": Buffer.from("b"),
      "model.safetensors.index.json": Buffer.from("{}"),
      "pytorch_model-00001-of-00002.bin": Buffer.from("c"),
    };
    expect((await readdir(await download())).sort()).toEqual(Object.keys(hub.files).slice(0, 5).sort());
  });
});

describe("a disk that does not take the files", () => {
  it("is a sentence that names the folder", async () => {
    const file = join(cacheDir, "file");
    await writeFile(file, "");
    expect(await refusal("write", { cacheDir: file })).toContain("S2_CACHE or cacheDir");
    await mkdir(graphPath(), { recursive: true }); // a folder where the file belongs
    expect(await refusal("write")).toContain("cannot be written");
    expect(await parts()).toEqual([]);
  });

  it.skipIf(process.platform === "win32")("that is full is a sentence, and no part is left", async () => {
    // The limit on a file's size stands for a full disk: 100 blocks of 512 or 1,024 bytes.
    const child = fileURLToPath(new URL("hub-child.mjs", import.meta.url));
    const command = `trap "" XFSZ; ulimit -f 100; exec "$0" "$@"`;

    const full = spawn("sh", ["-c", command, process.execPath, child, hub.url, cacheDir], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    full.stderr.on("data", (text) => {
      said += text;
    });
    await new Promise((ended) => full.on("close", ended));
    expect(said).toMatch(/cannot be written to .*EFBIG/);
    expect(await parts()).toEqual([]);
  });
});

it.each(["huggingface.co", "ftp://hub", "http://user:secret@hub", "http://"])(
  "the hub's address %j is refused",
  async (hubUrl) => {
    expect(await refusal("hub-name", { hubUrl })).toContain("HF_ENDPOINT");
  },
);
