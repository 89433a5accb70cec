/** Servers for tests: a model of a few kB, images that are drawn, and requests as a client sends them. */
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { openServer, type RunningServer, type ServerOptions } from "s2-vision/serve";
import sharp from "sharp";
import { afterAll } from "vitest";

/** 32 px tiles, 8 px patches, 4 channels, one prefix token. */
export const tinyModel = fileURLToPath(new URL("../cli/tiny/plain.onnx", import.meta.url));

const opened: RunningServer[] = [];
afterAll(async () => {
  for (const server of opened) await server.close();
});

/** Starts a server that is stopped after the file's tests. */
export async function serve(options: ServerOptions = {}): Promise<RunningServer> {
  const load = { patchSize: 8, threads: 1, ...options.load };
  const server = await openServer({ models: { tiny: tinyModel }, workers: 1, ...options, load });
  opened.push(server);
  return server;
}

/** An image in which all tokens differ, as PNG. */
export function drawPng(width = 96, height = 64, seed = 1): Promise<Uint8Array<ArrayBuffer>> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);
  const encoded = sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return encoded.then((bytes) => new Uint8Array(bytes));
}

export const post = (
  { url }: RunningServer,
  path: string,
  image: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(url + path, { method: "POST", body: image, headers: { "Content-Type": "image/png", ...headers } });

export const postJson = ({ url }: RunningServer, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } });

/** A connection that sends the head of a request and keeps its body back until `finish`. */
export async function slowRequest({ url }: RunningServer, path: string, image: Uint8Array) {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: ${image.length}\r\n\r\n`);
  socket.write(image.subarray(0, 10));
  return { socket, closed, received: () => received, finish: () => socket.write(image.subarray(10)) };
}

/** Reads one number from the metrics. */
export async function metric({ url }: RunningServer, name: string, headers: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}
