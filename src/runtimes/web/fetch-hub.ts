/** A model's files from the Hugging Face hub into a page: loaded on demand, for most pages have a model of their own. */
import { S2Error } from "../../core/index.ts";
import { checkHubUrl, chooseFiles, type HubPlace, refuseNames, refuseStatus } from "../hub-files.ts";
import { askCommit, askFiles, type HubAsk } from "../hub-list.ts";
import { fetchWithin, IDLE_LIMIT } from "../receive.ts";
import { fetchFile, type Wanted, type Ways } from "./fetch-file.ts";
import { type Files, type Found, remembering } from "./fetch-model.ts";

/** The hub's files that a model needs, checked by the hub's checksums. @throws S2Error "hub-...". */
export async function fetchFromHub(place: HubPlace, ways: Ways): Promise<Files> {
  const { name, revision } = place;
  refuseNames(name, revision);
  const hubUrl = checkHubUrl(new URL(place.hubUrl, globalThis.document?.baseURI).href);
  return remembering(`${hubUrl}/${name}/resolve/${revision}/`, ways, async () => {
    const found: Found[] = [];
    for (const wanted of await listFiles({ ...place, hubUrl }, ways)) {
      const bytes = await fetchFile(wanted, ways);
      if (bytes) found.push({ ...wanted, bytes });
    }
    return found;
  });
}

/** Two plain questions, without a library. */
async function listFiles(place: HubPlace, { idleLimit = IDLE_LIMIT }: Ways): Promise<Wanted[]> {
  const { name, hubUrl } = place;
  const ask: HubAsk = { request: (address) => askHub(place, address, idleLimit), idleLimit };
  const commit = await askCommit(place, ask);
  return chooseFiles(name, await askFiles(place, commit, ask)).map((file) => ({
    address: `${hubUrl}/${name}/resolve/${commit}/${file.path}`,
    name: file.path,
    listed: file,
  }));
}

async function askHub(place: HubPlace, address: string, idleLimit: number): Promise<Response> {
  const { name, hubUrl } = place;
  const response = await fetchWithin(address, {}, idleLimit).catch((cause) => {
    throw new S2Error("hub-network", `${hubUrl} could not be reached for "${name}" (${cause.message}). Check the network.`, {
      cause,
    });
  });
  if (response.ok) return response;
  throw refuseStatus(place, response, "A page sends no token: load the model in Node (s2-vision/node) and serve its folder");
}
