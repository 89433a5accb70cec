/** A hub repository: what its name may be, which of its files a model needs, and why the hub may refuse them. Platform-free. */
import { S2Error } from "../core/index.ts";
import { CONFIG_FILES } from "./config-files.ts";
import { shownAddress } from "./receive.ts";

/** What was asked for, and of which hub. */
export interface HubPlace {
  readonly name: string;
  readonly revision: string;
  readonly hubUrl: string;
}

/** As the hub lists it: `oid` is git's blob hash, `sha256` is there for large files (whose oid is that of their pointer). */
export interface HubFile {
  path: string;
  size: number;
  oid: string;
  sha256?: string;
}

/** The graph, and weights beyond protobuf's 2 GB that lie beside it under one of the exporters' names. */
const GRAPHS = ["onnx/model.onnx", "model.onnx"];
/** The files from which a graph is built where there is none: one file, or numbered ones that the index lists. */
const SAFETENSORS = ["model.safetensors", "model.safetensors.index.json"];
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
const WEIGHTS = /^(_data(_\d+)?|\.data)$/;
export const COMMIT = /^[0-9a-f]{40}$/;

/** @throws S2Error "hub-no-onnx" when there is neither graph nor weights among the files. */
export function chooseFiles(name: string, listed: readonly HubFile[]): HubFile[] {
  const graph = [...GRAPHS, ...SAFETENSORS].find((path) => listed.some((file) => file.path === path));
  if (graph === undefined) {
    const paths = listed.map((file) => file.path);
    const shown =
      paths.length > 20 ? `${paths.slice(0, 20).join(", ")} and ${paths.length - 20} more` : paths.join(", ") || "nothing";
    throw new S2Error(
      "hub-no-onnx",
      `"${name}" has neither an ONNX file of its model nor its weights; expected ${GRAPHS.join(" or ")}, or ${SAFETENSORS.join(" or ")} to build it from. It has: ${shown}. ` +
        "Look for a repository with an onnx folder (onnx-community has many), or export the model and give loadModel the file.",
    );
  }
  const belongsToGraph = (path: string) =>
    graph.endsWith(".index.json") ? SHARD.test(path) : path.startsWith(graph) && WEIGHTS.test(path.slice(graph.length));
  const needed = (path: string) => CONFIG_FILES.some((name) => name === path) || path === graph || belongsToGraph(path);
  return listed.filter((file) => needed(file.path));
}

/** @throws S2Error "hub-name" for what is no name or revision. */
export function refuseNames(name: string, revision: string): void {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name)) {
    throw new S2Error(
      "hub-name",
      `Got the model name "${name}"; expected owner/name as on the hub, for example "onnx-community/dinov2-small".`,
    );
  }
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(revision)) {
    throw new S2Error("hub-name", `Got the revision "${revision}"; expected a branch, a tag or a commit, for example "main".`);
  }
}

/** The address of a hub without slashes at its end. @throws S2Error "hub-name" for what is no address of a server. */
export function checkHubUrl(hubUrl: string): string {
  const url = URL.canParse(hubUrl) ? new URL(hubUrl) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return hubUrl.replace(/\/+$/, "");
  throw new S2Error(
    "hub-name",
    `Got the hub address "${shownAddress(hubUrl)}"; expected one with http(s):// and without a password, for example "https://huggingface.co". Check HF_ENDPOINT or hubUrl.`,
  );
}

/** @throws S2Error "hub-network" for a listed file name that leads out of the model's folder. */
export function refuseFileName(name: string, path: string): void {
  const parts = path.split(/[/\\]/);
  const leaves = parts.includes("..") || parts[0] === "" || /^[A-Za-z]:/.test(path) || path.includes("\0");
  if (!leaves) return;
  throw new S2Error(
    "hub-network",
    `The hub lists a file ${JSON.stringify(path)} of "${name}", which would lie outside the model's folder. Nothing of it was downloaded; do not use this repository.`,
  );
}

/** The refusal by the hub's own code where it sends one; it answers 401 for unknown models too when no token is given. */
export function refuseStatus({ name, revision, hubUrl }: HubPlace, answer: Response, access: string): S2Error {
  const code = answer.headers.get("x-error-code");
  if (code === "RevisionNotFound") {
    return new S2Error(
      "hub-not-found",
      `"${name}" has no revision "${revision}". Its branches and tags: ${hubUrl}/${name}/tree/main.`,
    );
  }
  if (code === "GatedRepo" || answer.status === 403) {
    return new S2Error("hub-denied", `"${name}" is gated. Accept its terms at ${hubUrl}/${name}. ${access}.`);
  }
  if (code === "RepoNotFound" || code === "EntryNotFound" || answer.status === 404 || answer.status === 401) {
    const search = `${hubUrl}/models?search=${encodeURIComponent(name.split("/")[1])}`;
    return new S2Error(
      "hub-not-found",
      `The hub has no model "${name}", or it is private (asked ${shownAddress(answer.url)}, got ${answer.status}). ` +
        `Check the spelling at ${search}. If it is private: ${access}.`,
    );
  }
  const why = answer.status === 429 ? "it asks to wait: try again in some minutes" : "it is not well: try again later";
  return new S2Error(
    "hub-network",
    `${shownAddress(answer.url)} answered ${`${answer.status} ${answer.statusText}`.trim()}; ${why}.`,
  );
}

/** The refusal for HTML where a file or JSON was expected. */
export function refuseWebPage(address: string): S2Error {
  return new S2Error(
    "hub-network",
    `${shownAddress(address)} answered with a web page instead of the file; perhaps this network asks for a login first. ` +
      "Open the hub in a browser, log in, then call again.",
  );
}
