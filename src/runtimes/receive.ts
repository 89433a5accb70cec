/** Requests with limits on silence and length, and checks for HTML instead of a file. Platform-free. */
import { joinArrays } from "../tensors/join-arrays.ts";

/** Milliseconds of silence after which a download fails. */
const IDLE_LIMIT = 60_000;

/** Fetches; rejects when no answer begins within `idleLimit` milliseconds. */
export async function fetchWithin(address: string, init: RequestInit, idleLimit = IDLE_LIMIT): Promise<Response> {
  const silence = new AbortController();
  const signal = init.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal;
  return within(fetch(address, { ...init, signal }), idleLimit, () => silence.abort());
}

/** Yields the body of an answer chunk by chunk; rejects when no chunk comes within `idleLimit` milliseconds. */
export async function* chunksOf(response: Response, idleLimit = IDLE_LIMIT): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    while (true) {
      const { done, value } = await within(reader.read(), idleLimit);
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined); // closes the connection where it was left early
  }
}

/** Reads the whole body; rejects when it is longer than `limit` bytes or silent for too long. */
export async function readAll(
  response: Response,
  { limit, idleLimit }: { limit: number; idleLimit?: number },
  onBytes?: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response, idleLimit)) {
    length += chunk.length;
    if (length > limit) throw new Error(`the server sent more than ${limit} bytes`);
    chunks.push(chunk);
    onBytes?.(length);
  }
  return joinArrays(Uint8Array, chunks);
}

/** Returns true for an answer of type HTML: a login page of the network, an error page, a single-page application. */
export function isWebPage({ headers }: Response): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "");
}

/** Returns true for bytes that begin like HTML, for servers that do not send the type. */
export function beginsAsWebPage(bytes: Uint8Array): boolean {
  return /^\uFEFF?\s*<(!doctype\s+html|html)\b/i.test(new TextDecoder().decode(bytes.subarray(0, 100)));
}

async function within<T>(step: Promise<T>, idleLimit: number, onIdle?: () => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const idle = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing arrived for ${idleLimit / 1000} s`));
      onIdle?.();
    }, idleLimit);
  });
  try {
    return await Promise.race([step, idle]);
  } finally {
    clearTimeout(timer!);
  }
}
