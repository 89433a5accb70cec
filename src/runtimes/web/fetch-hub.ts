/** Fetches a model's files from the Hugging Face hub into a page. Loaded on demand: most pages have a model of their own. */
import { S2Error } from "../../core/index.ts";
import { checkHubName, checkHubUrl, chooseFiles, type HubModel, statusError } from "../hub-files.ts";
import { askCommit, askFiles, type HubAsk } from "../hub-list.ts";
import { fetchWithin } from "../receive.ts";
import { type FetchOptions, fetchFile, type Wanted } from "./fetch-file.ts";
import { type Files, type Found, withNote } from "./fetch-model.ts";

/** Fetches the files that a model needs, checked by the hub's checksums. @throws S2Error "hub-...". */
export async function fetchFromHub(model: HubModel, options: FetchOptions): Promise<Files> {
  const { name, revision } = model;
  checkHubName(name, revision);
  const hubUrl = checkHubUrl(new URL(model.hubUrl, globalThis.document?.baseURI).href);
  return withNote(`${hubUrl}/${name}/resolve/${revision}/`, options, async () => {
    const found: Found[] = [];
    for (const wanted of await listFiles({ ...model, hubUrl }, options)) {
      const bytes = await fetchFile(wanted, options);
      if (bytes) found.push({ ...wanted, bytes });
    }
    return found;
  });
}

async function listFiles(model: HubModel, { idleLimit }: FetchOptions): Promise<Wanted[]> {
  const { name, hubUrl } = model;
  const ask: HubAsk = { request: (address) => askHub(model, address, idleLimit), idleLimit };
  const commit = await askCommit(model, ask);
  return chooseFiles(name, await askFiles(model, commit, ask)).map((file) => ({
    address: `${hubUrl}/${name}/resolve/${commit}/${file.path}`,
    name: file.path,
    listed: file,
  }));
}

async function askHub(model: HubModel, address: string, idleLimit?: number): Promise<Response> {
  const { name, hubUrl } = model;
  const response = await fetchWithin(address, {}, idleLimit).catch((cause) => {
    throw new S2Error("hub-network", `${hubUrl} could not be reached for "${name}" (${cause.message}). Check the network.`, {
      cause,
    });
  });
  if (response.ok) return response;
  throw statusError(model, response, "A page sends no token: load the model in Node (s2-vision/node) and serve its folder");
}
