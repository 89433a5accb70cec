/** Requests to the hub: the token, redirects, aborting, and a sentence for each failure. */
import { S2Error } from "../../core/index.ts";
import { type HubModel, statusError } from "../hub-files.ts";
import { fetchWithin } from "../receive.ts";
import { shownAddress } from "../shown-address.ts";

export interface HubQuestion extends HubModel {
  /** True when an older download could be used instead. */
  readonly cached: boolean;
  readonly idleLimit?: number;
  readonly signal?: AbortSignal;
}

export type HubRequest = (address: string, headers?: Record<string, string>) => Promise<Response>;

const MAX_REDIRECTS = 10;

/**
 * Returns a function that sends one request and throws an S2Error for any answer but 2xx, or 416 where a range was requested. Redirects are
 * followed here and not by `fetch`, so that it is plain from this code that HF_TOKEN goes to the hub's own origin and nowhere else.
 */
export function hubRequest(question: HubQuestion): HubRequest {
  const { hubUrl, idleLimit, signal } = question;
  const token = readToken(hubUrl);
  const origin = new URL(hubUrl).origin;
  const send = (address: string, headers: Record<string, string>) => {
    const withToken = token && new URL(address).origin === origin ? { ...headers, Authorization: `Bearer ${token}` } : headers;
    return fetchWithin(address, { headers: withToken, redirect: "manual", signal }, idleLimit).catch((error) => {
      throw signal?.aborted ? error : networkError(question, address, error);
    });
  };
  return async (address, headers = {}) => {
    let answer = await send(address, headers);
    for (let redirects = 0; [301, 302, 303, 307, 308].includes(answer.status); redirects++) {
      await discard(answer);
      if (redirects === MAX_REDIRECTS)
        throw redirectError(address, `redirects more than ${MAX_REDIRECTS} times, last to ${shownAddress(answer.url)}`);
      const target = answer.headers.get("location");
      const next = target && URL.canParse(target, answer.url) ? new URL(target, answer.url) : undefined;
      if (!next || !/^https?:$/.test(next.protocol) || next.username || next.password)
        throw redirectError(address, "redirects, but not to an address of a server");
      answer = await send(next.href, headers);
    }
    if (answer.ok || (answer.status === 416 && headers.Range)) return answer;
    await discard(answer);
    const access = token ? "The token in HF_TOKEN has no access to it" : "Set HF_TOKEN to a token that has access";
    throw statusError(question, answer, `${access} (${hubUrl}/settings/tokens)`);
  };
}

/** Closes an answer whose body nobody reads. */
export async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => undefined); // a body that broke off is closed already
}

/** Reads HF_TOKEN without the line break that it often ends with. The message does not print it, as `fetch`'s own would. */
function readToken(hubUrl: string): string {
  const token = (process.env.HF_TOKEN ?? "").trim();
  if (/^[\x21-\x7e]*$/.test(token)) return token;
  throw new S2Error(
    "hub-denied",
    `HF_TOKEN has spaces, line breaks or letters beyond ASCII in it; no token has. Copy it again from ${hubUrl}/settings/tokens.`,
  );
}

function redirectError(address: string, what: string): S2Error {
  return new S2Error("hub-network", `${shownAddress(address)} ${what}. Check the network and HF_ENDPOINT, or try again later.`);
}

/** Returns the error for a server that cannot be reached: the hub, or one that it redirected to. */
function networkError({ name, cached }: HubQuestion, address: string, cause: unknown): S2Error {
  const { message, cause: inner } = cause as Error;
  const reason = inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message;
  const otherwise = cached ? "or pass offline: true (HF_HUB_OFFLINE=1) to use the copy in the cache" : "then call again";
  const server = new URL(address).origin;
  const text = `${server} could not be reached for "${name}" (${reason}). Check the network, ${otherwise}.`;
  return new S2Error("hub-network", text, { cause });
}
