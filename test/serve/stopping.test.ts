/** The end of requests and of the server: a client that goes away costs no work, and a stop loses no answer. */
import { spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { expect, it } from "vitest";
import { main, tempFolder } from "../cli/s2.ts";
import { drawPng, metric, post, postJson, serve, slowRequest, tinyModel } from "./serving.ts";

it("cancels the work for a client that went away", async () => {
  const server = await serve({ maxTiles: 4096, batch: 1 });
  const image = await drawPng(640, 640);
  const gone = new AbortController();
  const answer = fetch(`${server.url}/v1/features?scales=1,40`, {
    method: "POST",
    body: image,
    headers: { "Content-Type": "image/png" },
    signal: gone.signal,
  });
  const failed = expect(answer).rejects.toThrow();
  await expect.poll(() => metric(server, "s2_tiles_total"), { interval: 5 }).toBeGreaterThan(0); // of 1,601
  gone.abort();
  await failed;
  await expect.poll(() => metric(server, "s2_requests_canceled_total")).toBe(1);
  expect((await post(server, "/v1/features?scales=1", image)).status).toBe(200);
  expect(await metric(server, "s2_tiles_waiting")).toBe(0);
  expect(await metric(server, "s2_tiles_total")).toBeLessThan(1601);
});

it("a stop takes no new connection, answers what is under way and closes connections that are kept alive", async () => {
  const server = await serve();
  const image = await drawPng();
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve) =>
    get(`${server.url}/healthz`, { agent }, (response) => response.resume().on("end", resolve)),
  );
  const underWay = await slowRequest(server, "/v1/features", image);
  await expect.poll(() => metric(server, "s2_requests_under_way")).toBe(1);
  let closed = false;
  const closing = server.close().then(() => (closed = true));
  await expect
    .poll(() =>
      fetch(`${server.url}/healthz`).then(
        () => "answered",
        () => "refused",
      ),
    )
    .toBe("refused");
  expect(closed).toBe(false);
  underWay.finish();
  await closing;
  await underWay.closed;
  expect(underWay.received()).toMatch(/^HTTP\/1.1 200/);
  expect(underWay.received().toLowerCase()).toContain("connection: close");
  agent.destroy();
});

it("a stop does not wait for ever for a client that sends no further", async () => {
  const server = await serve({ maxSeconds: 0.5 });
  const stuck = await slowRequest(server, "/v1/features", await drawPng());
  await expect.poll(() => metric(server, "s2_requests_under_way")).toBe(1);
  await server.close();
  await stuck.closed;
  expect(stuck.received()).not.toContain("200");
});

it("logs a line of JSON for each request, without anything of the image, the query or the token", async () => {
  const lines: string[] = [];
  const server = await serve({ tokens: ["a-token-of-enough-length"], log: { write: (line) => lines.push(line) } });
  const base64 = Buffer.from(await drawPng()).toString("base64");
  const headers = { Authorization: "Bearer a-token-of-enough-length" };
  await postJson(server, "/v1/embeddings?secret=1", { input: base64 }, headers);
  await postJson(server, "/v1/features", { image: base64, scales: [1, 2] }, headers);
  await fetch(`${server.url}/private/path`, { headers });
  await expect.poll(() => lines.length).toBe(3);
  const [first, second, third] = lines.map((line) => JSON.parse(line));
  expect(first).toMatchObject({ level: "info", method: "POST", route: "/v1/embeddings", status: 200, images: 1 });
  expect(second).toMatchObject({ route: "/v1/features", status: 200, tiles: 7 });
  expect(third).toMatchObject({ route: "none", status: 404 });
  for (const line of lines)
    expect(line).not.toMatch(new RegExp(`secret|private|a-token|${base64.slice(100, 140).replaceAll("+", "\\+")}`));
});

it("s2 serve reads tokens from a file or the environment, and ends with status 0 on SIGTERM", async () => {
  const folder = tempFolder();
  const flags = ["--model", `tiny=${tinyModel}`, "--patch-size", "8", "--threads", "1", "--workers", "1", "--port", "0"];
  const child = spawn(process.execPath, [main, "serve", ...flags], {
    cwd: folder,
    env: { ...process.env, S2_TOKENS: "one-token-of-enough-length,another" + "-of-enough-length" },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await expect.poll(() => err).toMatch(/^serving tiny at http:\/\/127\.0\.0\.1:\d+\n$/);
  const url = /http:\S+/.exec(err)![0];
  expect((await fetch(`${url}/v1/models`)).status).toBe(401);
  const answer = await fetch(`${url}/v1/models`, { headers: { Authorization: "Bearer another-of-enough-length" } });
  expect((await answer.json()).data[0].id).toBe("tiny");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status),
  ).toEqual([401, 200]);
});
