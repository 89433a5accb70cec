/** A page on loopback answers one browser alone: other users, other pages and names that lead here get nothing. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { type ServedPage, servePage } from "../../src/runtimes/node/index.ts";

let page: ServedPage;
let cookie: string;
const posted: unknown[] = [];

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** fetch sets Host and normalizes paths, so requests are made by hand. */
function ask(path: string, { method = "GET", body = "", headers = {} as Record<string, string> } = {}): Promise<Answer> {
  const { port } = new URL(page.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        let text = "";
        response.on("data", (more) => (text += more));
        response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const own = () => ({ cookie, origin: new URL(page.url).origin, "content-type": "application/json" });

beforeAll(async () => {
  page = await servePage({
    get: async (path) => (path === "/" ? { type: "text/html", body: "<p>here</p>" } : undefined),
    async post(path, json) {
      if (path === "/fail") throw new S2Error("labels", "No such class.");
      posted.push(json);
      return { type: "application/json", body: "{}" };
    },
  });
});
afterAll(() => page.close());

describe("a served page", () => {
  it("opens once with its token, and then by the cookie that no script reads", async () => {
    expect(new URL(page.url).hostname).toBe("127.0.0.1");
    const { pathname, search } = new URL(page.url);
    expect((await ask("/")).status).toBe(403);
    expect((await ask("/?token=guess")).status).toBe(403);
    expect((await ask(`/view${search}`)).status).toBe(403); // the page alone takes it
    const first = await ask(pathname + search);
    expect([first.status, first.text]).toEqual([200, "<p>here</p>"]);
    const [set] = first.headers["set-cookie"] as unknown as string[];
    expect(set).toMatch(/^s2-\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/);
    cookie = set.split(";")[0];
    const second = await ask(pathname + search);
    expect(second.status).toBe(403);
    expect(second.text).toContain("works once");
    expect((await ask("/", { headers: { cookie: `other=1; ${cookie}` } })).status).toBe(200);
    expect((await ask("/", { headers: { cookie: cookie.slice(0, -1) } })).status).toBe(403);
  });

  it("lets nothing of other places in, and no other page around it", async () => {
    const { headers } = await ask("/", { headers: { cookie } });
    const policy = String(headers["content-security-policy"]);
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(rule);
    expect(policy).not.toContain("unsafe");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("answers to its own names alone, whatever name leads to this machine", async () => {
    const { port } = new URL(page.url);
    for (const host of [`evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`, `[::1]:${port}`])
      expect((await ask("/", { headers: { cookie, host } })).status).toBe(421);
    expect((await ask("/", { headers: { cookie, host: `localhost:${port}` } })).status).toBe(200);
  });

  it("takes actions of its own page alone", async () => {
    const good = { method: "POST", body: '{"a":1}' };
    expect((await ask("/act", { ...good, headers: own() })).status).toBe(200);
    const { origin: _, ...without } = own();
    const refused = [
      [403, without],
      [403, { ...own(), origin: "http://127.0.0.1:1" }],
      [403, { ...own(), origin: "null" }],
      [403, { ...own(), "sec-fetch-site": "same-site" }],
      [403, { ...own(), cookie: "" }],
      [415, { ...own(), "content-type": "text/plain" }],
    ] as const;
    for (const [status, headers] of refused) expect((await ask("/act", { ...good, headers })).status).toBe(status);
    expect((await ask("/act", { method: "POST", body: "{", headers: own() })).status).toBe(400);
    expect((await ask("/act", { method: "POST", body: `"${"x".repeat(70_000)}"`, headers: own() })).status).toBe(400);
    expect((await ask("/act", { method: "PUT", headers: own() })).status).toBe(405);
    expect(posted).toEqual([{ a: 1 }]);
  });

  it("says what is wrong with an action, and has nothing by other paths", async () => {
    const failed = await ask("/fail", { method: "POST", body: "{}", headers: own() });
    expect([failed.status, failed.text]).toEqual([400, "No such class."]);
    for (const path of ["/../package.json", "/%2e%2e/package.json", "//etc/passwd", "/image/../../x", "http://elsewhere/"])
      expect((await ask(path, { headers: { cookie } })).text).not.toMatch(/name|root:/);
    expect((await ask("/nothing", { headers: { cookie } })).status).toBe(404);
  });

  it("names a port that is taken", async () => {
    const { port } = new URL(page.url);
    const none = async () => undefined;
    await expect(servePage({ get: none, post: none }, Number(port))).rejects.toThrow(`Port ${port} of 127.0.0.1 cannot be used`);
  });
});
