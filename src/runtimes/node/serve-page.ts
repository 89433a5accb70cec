/**
 * `servePage`: a page for one person on this machine. It listens on 127.0.0.1 alone, its address holds a token that works once and becomes a
 * cookie, and answers need that cookie, this Host and, where they change something, this Origin: other users, other pages in the browser and
 * names that lead here by DNS get nothing.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { S2Error } from "../../core/index.ts";

/** An answer: a body and its media type. */
export interface PageAnswer {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** The page's answers by path; `post` gets the JSON that the page sends. Undefined is 404. An S2Error is shown by the page. */
export interface PageAnswers {
  get(path: string, query: URLSearchParams): Promise<PageAnswer | undefined>;
  post(path: string, json: unknown): Promise<PageAnswer | undefined>;
}

/** A page that is served. */
export interface ServedPage {
  /** The address with the token; it works once. */
  readonly url: string;
  /** Ends the server and its connections. */
  close(): Promise<void>;
}

/** Nothing but the page's own files and pictures; no frames around it. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/** Bytes of a request's body at most. */
const MOST_BODY = 64 * 1024;

/** Serves a page on a free port, or the given one. @throws S2Error "option" for a port that is taken. */
export async function servePage(answers: PageAnswers, port = 0): Promise<ServedPage> {
  const [token, secret] = [randomBytes(24).toString("base64url"), randomBytes(24).toString("base64url")];
  let isFresh = true;
  const server = createServer((request, response) => {
    const hosts = ["127.0.0.1", "localhost"].map((name) => `${name}:${(server.address() as AddressInfo).port}`);
    const cookie = `s2-${(server.address() as AddressInfo).port}`; // cookies of all ports are one list
    const handle = async (): Promise<void> => {
      const { host = "", origin } = request.headers;
      const site = request.headers["sec-fetch-site"];
      if (!hosts.includes(host)) return refuse(response, 421, "This server answers on 127.0.0.1 alone.");
      if (request.method !== "GET" && request.method !== "POST") return refuse(response, 405, "Expected GET or POST.");
      const { pathname, searchParams } = new URL(request.url ?? "/", `http://${host}`);
      const given = searchParams.get("token");
      const enters = isFresh && request.method === "GET" && pathname === "/" && given !== null && isSame(given, token);
      if (enters) {
        isFresh = false;
        response.setHeader("Set-Cookie", `${cookie}=${secret}; HttpOnly; SameSite=Strict; Path=/`);
      } else if (!isSame(cookieOf(request, cookie), secret))
        return refuse(
          response,
          403,
          "This address works once, in one browser. End the command and start it again for a new one.",
        );
      else if (site !== undefined && site !== "same-origin" && site !== "none")
        return refuse(response, 403, "Another page asked for this.");
      if (request.method === "GET") return send(response, await answers.get(pathname, searchParams));
      if (origin !== `http://${host}`) return refuse(response, 403, "Another page sent this.");
      if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) return refuse(response, 415, "Expected JSON.");
      const json = await readJson(request);
      if (json === undefined) return refuse(response, 400, `Expected JSON of at most ${MOST_BODY} bytes.`);
      return send(response, await answers.post(pathname, json.value));
    };
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    handle().catch((error: Error) => refuse(response, error instanceof S2Error ? 400 : 500, error.message));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new S2Error("option", `Port ${port} of 127.0.0.1 cannot be used (${cause.code}). Give another --port, or leave it out.`, {
          cause,
        }),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${token}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, answer: PageAnswer | undefined): void {
  if (answer) {
    response.writeHead(200, { "Content-Type": answer.type, "Content-Length": Buffer.byteLength(answer.body) });
    response.end(answer.body);
  } else refuse(response, 404, "There is nothing here.");
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (!response.headersSent) response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(message);
}

/** Compares in a time that does not depend on the texts. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function cookieOf({ headers }: IncomingMessage, name: string): string {
  const cookies = (headers.cookie ?? "").split(/;\s*/);
  return cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

async function readJson(request: IncomingMessage): Promise<{ value: unknown } | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    if ((length += (chunk as Buffer).length) > MOST_BODY) return undefined;
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return undefined;
  }
}
