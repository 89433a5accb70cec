/** Two questions to a Hugging Face hub, with checked answers: the commit of a revision, and the files of a commit. Platform-free. */
import * as v from "valibot";
import { S2Error } from "../core/index.ts";
import { parseJson } from "../tensors/json.ts";
import { COMMIT, checkFileName, type HubFile, type HubModel, webPageError } from "./hub-files.ts";
import { beginsAsWebPage, isWebPage, readAll } from "./receive.ts";
import { shownAddress } from "./shown-address.ts";

export interface HubAsk {
  /** Sends one request; throws an S2Error for any status but 2xx. */
  readonly request: (address: string) => Promise<Response>;
  readonly idleLimit?: number;
  readonly signal?: AbortSignal;
}

/** The hub sends 1,000 files a page; a list beyond these limits is endless or no list. */
const LIMITS = { pages: 200, files: 100_000, bytesPerPage: 32 << 20 };
const ADVICE = "Check the network and the hub's address (HF_ENDPOINT); if they are right, try again later.";

const Revision = v.object({
  sha: v.pipe(
    v.string(),
    v.check((sha) => COMMIT.test(sha), "expected a commit of 40 hex digits"),
  ),
});
const Tree = v.array(
  v.object({
    type: v.string(),
    path: v.string(),
    size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    oid: v.nullish(v.string(), ""),
    lfs: v.nullish(v.object({ oid: v.string() })),
  }),
);

/** Asks for the commit of a revision. @throws S2Error "hub-..." when there is none or the server does not answer as a hub does. */
export async function askCommit({ name, revision, hubUrl }: HubModel, ask: HubAsk): Promise<string> {
  const address = `${hubUrl}/api/models/${name}/revision/${encodeURIComponent(revision)}?expand=sha`;
  return (await askJson(Revision, address, ask)).value.sha;
}

/** Asks for the files of a commit. @throws S2Error "hub-network" for a list that is invalid, endless, or has names outside its folder. */
export async function askFiles({ name, hubUrl }: HubModel, commit: string, ask: HubAsk): Promise<HubFile[]> {
  const files: HubFile[] = [];
  let address: string | undefined = `${hubUrl}/api/models/${name}/tree/${commit}?recursive=true&expand=false`;
  for (let pages = 0; address !== undefined; pages++) {
    if (pages === LIMITS.pages || files.length > LIMITS.files) {
      throw new S2Error(
        "hub-network",
        `${hubUrl} lists the files of "${name}" without end (${files.length} on ${pages} pages so far; at most ${LIMITS.files} on ${LIMITS.pages} are read). ${ADVICE}`,
      );
    }
    const { value, next }: { value: v.InferOutput<typeof Tree>; next?: string } = await askJson(Tree, address, ask);
    for (const { type, path, size, oid, lfs } of value) {
      if (type !== "file") continue;
      checkFileName(name, path);
      files.push({ path, size, oid, sha256: lfs?.oid });
    }
    address = next;
  }
  return files;
}

async function askJson<S extends v.GenericSchema>(
  schema: S,
  address: string,
  { request, idleLimit, signal }: HubAsk,
): Promise<{ value: v.InferOutput<S>; next?: string }> {
  const response = await request(address);
  const name = `The answer of ${shownAddress(address)}`;
  if (isWebPage(response)) throw webPageError(address);
  const bytes = await readAll(response, { limit: LIMITS.bytesPerPage, idleLimit }).catch((cause) => {
    if (signal?.aborted) throw cause;
    throw new S2Error("hub-network", `${name} did not arrive completely (${cause.message}). ${ADVICE}`, { cause });
  });
  if (beginsAsWebPage(bytes)) throw webPageError(address);
  const value = parseJson(schema, bytes, { code: "hub-network", name, advice: ADVICE });
  return { value, next: nextPage(response, address) };
}

/** Returns the address of `rel="next"` in the Link header. */
function nextPage({ headers }: Response, address: string): string | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) return undefined;
  if (URL.canParse(link, address)) return new URL(link, address).href;
  throw new S2Error("hub-network", `The answer of ${shownAddress(address)} names a next page that is no address. ${ADVICE}`);
}
