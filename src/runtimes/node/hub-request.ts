/** The `fetch` that all hub requests go through: the token, cancelling, and each way to fail as a sentence. */
import { S2Error } from "../../core/index.ts";

export interface HubQuestion {
  name: string;
  revision: string;
  hubUrl: string;
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
    throw refuseStatus(question, answer);
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

/** By the hub's own code where it sends one; it answers 401 for unknown models too when no token is given. */
function refuseStatus(question: HubQuestion, answer: Response): S2Error {
  const { name, revision, hubUrl } = question;
  const code = answer.headers.get("x-error-code");
  const token = process.env.HF_TOKEN ? "The token in HF_TOKEN has no access to it" : "Set HF_TOKEN to a token that has access";
  if (code === "RevisionNotFound") {
    return new S2Error(
      "hub-not-found",
      `"${name}" has no revision "${revision}". Its branches and tags: ${hubUrl}/${name}/tree/main.`,
    );
  }
  if (code === "GatedRepo" || answer.status === 403) {
    return new S2Error(
      "hub-denied",
      `"${name}" is gated. Accept its terms at ${hubUrl}/${name}. ${token} (${hubUrl}/settings/tokens).`,
    );
  }
  if (code === "RepoNotFound" || code === "EntryNotFound" || answer.status === 404 || answer.status === 401) {
    const search = `${hubUrl}/models?search=${encodeURIComponent(name.split("/")[1])}`;
    return new S2Error(
      "hub-not-found",
      `The hub has no model "${name}", or it is private (asked ${answer.url}, got ${answer.status}). ` +
        `Check the spelling at ${search}. If it is private: ${token}.`,
    );
  }
  const why = answer.status === 429 ? "it asks to wait: try again in some minutes" : "it is not well: try again later";
  return new S2Error("hub-network", `${answer.url} answered ${answer.status} ${answer.statusText}; ${why}.`);
}
