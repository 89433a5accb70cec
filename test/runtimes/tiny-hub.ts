/** A Hugging Face hub of one repository on 127.0.0.1, whose every answer a test can replace. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const NAME = "some-one/small-model.v1";
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const MODEL = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5));
export const FILES: Record<string, Buffer> = {
  ".gitattributes": Buffer.from("*.onnx filter=lfs"),
  "config.json": Buffer.from('{"model_type":"vit"}'),
  "preprocessor_config.json": Buffer.from('{"size":224}'),
  "onnx/model.onnx": MODEL,
  "onnx/model_quantized.onnx": Buffer.from("not asked for"),
  "README.md": Buffer.from("# hi"),
};

export interface TinyHub {
  /** The repository, or several that hold the same files. */
  readonly names: readonly string[];
  url: string;
  files: Record<string, Buffer>;
  commit: string;
  /** Before a file is sent; true when it has answered. */
  onFile?: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
  onApi?: (response: ServerResponse, url: string) => boolean;
  /** True if it answers Range requests. */
  ranges: boolean;
  requests: { url: string; range?: string; token?: string }[];
  close(): Promise<unknown>;
}

export async function startHub(...names: readonly string[]): Promise<TinyHub> {
  const server = createServer((request, response) => answer(hub, request, response)).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const close = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hub: TinyHub = {
    names: names.length > 0 ? names : [NAME],
    url,
    files: { ...FILES },
    commit: COMMIT,
    ranges: true,
    requests: [],
    close,
  };
  return hub;
}

/** The hub's routes that a download needs: /api/models/<name>/revision/<ref>, /api/models/<name>/tree/<commit>, /<name>/resolve/... */
function answer(hub: TinyHub, request: IncomingMessage, response: ServerResponse): void {
  const url = decodeURIComponent(request.url!.split("?")[0]);
  hub.requests.push({ url, range: request.headers.range, token: request.headers.authorization });
  const json = (value: unknown) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  if (url.startsWith("/api/")) {
    if (hub.onApi?.(response, request.url!)) return;
    const id = hub.names.find((name) => url.startsWith(`/api/models/${name}/`));
    if (url.startsWith(`/api/models/${id}/revision/`)) return void json({ _id: "1", id, sha: hub.commit });
    if (url === `/api/models/${id}/tree/${hub.commit}`) return void json(Object.entries(hub.files).map(listed));
  }
  const path = url.split(`/resolve/${hub.commit}/`)[1];
  const bytes = hub.files[path];
  if (bytes === undefined) return void response.writeHead(404).end();
  if (!hub.onFile?.(path, request, response)) sendFile(bytes, hub.ranges ? request.headers.range : undefined, response);
}

/** Lists files like the hub: large files by sha256, small ones by git's blob hash. */
function listed([path, bytes]: [string, Buffer]) {
  const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const lfs = { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 130 };
  return { type: "file", path, size: bytes.length, ...(bytes.length > 1000 ? { oid: "0".repeat(40), lfs } : { oid: blob }) };
}

function sendFile(bytes: Buffer, range: string | undefined, response: ServerResponse): void {
  const from = range ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
  const headers = {
    "Content-Length": bytes.length - from,
    ...(from && { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  };
  response.writeHead(from ? 206 : 200, headers).end(bytes.subarray(from));
}
