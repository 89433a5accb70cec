/** The `fetch` that all hub requests go through: the token, cancelling, and each way to fail as a sentence. */
import { S2Error } from "../../core/index.ts";
import { type HubPlace, refuseStatus } from "../hub-files.ts";

export interface HubQuestion extends HubPlace {
  /** Whether an older download could serve instead. */
  cached: boolean;
  signal?: AbortSignal;
}

/** A `fetch` for @huggingface/hub and for files, which sends HF_TOKEN and throws S2Error for anything but an answer of 2xx. */
export function hubFetch(question: HubQuestion): typeof fetch {
  return async (address, init) => {
    const { HF_TOKEN } = process.env;
    // set here and not by the library, which refuses tokens that do not start with "hf_": mirrors have others
    const headers = { ...(init?.headers as Record<string, string>), ...(HF_TOKEN && { Authorization: `Bearer ${HF_TOKEN}` }) };
    const answer = await fetch(address, { ...init, headers, signal: question.signal }).catch((error) => {
      throw question.signal?.aborted ? error : refuseNetwork(question, error);
    });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    const token = process.env.HF_TOKEN ? "The token in HF_TOKEN has no access to it" : "Set HF_TOKEN to a token that has access";
    throw refuseStatus(question, answer, `${token} (${question.hubUrl}/settings/tokens)`);
  };
}

/** The refusal for a hub that cannot be reached. */
function refuseNetwork({ name, hubUrl, cached }: HubQuestion, cause: unknown): S2Error {
  const { message, cause: inner } = cause as Error;
  const reason = inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message;
  const otherwise = cached ? "or pass offline: true (HF_HUB_OFFLINE=1) to use the copy in the cache" : "then call again";
  return new S2Error(
    "hub-network",
    `${hubUrl} could not be reached for "${name}" (${reason}). Check the network, ${otherwise}.`,
    { cause },
  );
}
