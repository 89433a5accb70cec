/** Errors as answers: the HTTP status of each, and problem JSON (RFC 9457) with the S2Error's code. */
import { S2Error, type S2ErrorCode } from "../core/index.ts";
import type { RefusalBody } from "./schemas.ts";

/** A refusal of the server itself. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Statuses of codes that are not simply a bad request. */
const statuses: { readonly [Code in S2ErrorCode]?: number } = {
  "too-many-pixels": 413,
  "too-many-tiles": 413,
  "image-format": 415,
  "image-broken": 422,
  "image-not-found": 422,
  "model-output": 500,
  "not-finite": 500,
  runtime: 500,
  disposed: 503,
  head: 500,
  rows: 500,
  "data-file": 422,
};

const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  406: "Not acceptable",
  408: "Request timeout",
  413: "Too large",
  415: "Unsupported format",
  422: "Damaged image",
  429: "Too many requests",
  499: "Client went away",
  500: "Server error",
  503: "Busy",
  504: "Time limit",
};

/** Returns the answer to an error; those that nobody foresaw say nothing of the server's inside. */
export function refusalOf(
  error: unknown,
  requestId: string,
): { readonly body: RefusalBody; readonly headers: Readonly<Record<string, string>> } {
  const { status, detail, code, headers = {} } = readError(error);
  const title = titles[status] ?? "Error";
  return { body: { type: "about:blank", title, status, detail, ...(code && { code }), requestId }, headers };
}

interface Read {
  readonly status: number;
  readonly detail: string;
  readonly code?: S2ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
}

function readError(error: unknown): Read {
  if (error instanceof Refusal) return { status: error.status, detail: error.message, headers: error.headers };
  if (error instanceof S2Error) {
    const { code, message: detail } = error;
    return { status: statuses[code] ?? 400, detail, code };
  }
  const { statusCode, message, name } = error as Error & { statusCode?: number };
  if (name === "TimeoutError")
    return { status: 504, detail: "The request took longer than the server's time limit; send a smaller image or fewer tiles." };
  // Errors of Fastify and its plugins, such as a body that is too large, say what the client did.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { status: statusCode, detail: message };
  return { status: 500, detail: "An unexpected error; the server's log has it under this requestId." };
}
