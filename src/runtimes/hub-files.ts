/** A hub repository: valid names, the files that a model needs, and errors for what the hub answers. Platform-free. */
import { S2Error } from "../core/index.ts";
import { CONFIG_FILES } from "./config-files.ts";
import { shownAddress } from "./shown-address.ts";

/** A model on a hub. */
export interface HubModel {
  readonly name: string;
  readonly revision: string;
  readonly hubUrl: string;
}

export const hub = "https://huggingface.co";

/** A file as the hub lists it: `oid` is git's blob hash, `sha256` exists for large files (whose oid is that of their pointer). */
export interface HubFile {
  path: string;
  size: number;
  oid: string;
  sha256?: string;
}

/** Names of the graph; weights beyond protobuf's 2 GB lie beside it under one of the exporters' names. */
export const GRAPHS = ["onnx/model.onnx", "model.onnx"];
const GRAPH_WEIGHTS = /^(_data(_\d+)?|\.data)$/;
/** Names of the weights that a graph is built from: one file, or numbered ones that the index lists. */
export const WEIGHTS = ["model.safetensors", "model.safetensors.index.json"];
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
export const COMMIT = /^[0-9a-f]{40}$/;

/** Returns true for `owner/name` that cannot be meant as a path. */
export const isHubName = (source: string): boolean =>
  /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(source) && !source.endsWith(".onnx");

/** @throws S2Error "hub-no-onnx" when there is neither graph nor weights among the files. */
export function chooseFiles(name: string, listed: readonly HubFile[], more: readonly string[] = []): HubFile[] {
  const graph = [...GRAPHS, ...WEIGHTS].find((path) => listed.some((file) => file.path === path));
  if (graph === undefined) {
    const paths = listed.map((file) => file.path);
    const rest = paths.length > 20 ? ` and ${paths.length - 20} more` : "";
    throw new S2Error(
      "hub-no-onnx",
      `"${name}" has neither an ONNX file of its model nor its weights; expected ${GRAPHS.join(" or ")}, or ${WEIGHTS.join(" or ")} to build it from. ` +
        `It has: ${paths.slice(0, 20).join(", ") || "nothing"}${rest}. ` +
        "Look for a repository with an onnx folder (onnx-community has many), or export the model and give loadModel the file.",
    );
  }
  const belongsToGraph = (path: string) =>
    graph.endsWith(".index.json") ? SHARD.test(path) : path.startsWith(graph) && GRAPH_WEIGHTS.test(path.slice(graph.length));
  const needed = (path: string) => [...CONFIG_FILES, ...more].includes(path) || path === graph || belongsToGraph(path);
  return listed.filter((file) => needed(file.path));
}

/** @throws S2Error "hub-name" for an invalid name or revision. */
export function checkHubName(name: string, revision: string): void {
  const isName = /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name);
  if (isName && /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(revision)) return;
  const message = isName
    ? `Got the revision "${revision}"; expected a branch, a tag or a commit, for example "main".`
    : `Got the model name "${name}"; expected owner/name as on the hub, for example "onnx-community/dinov2-small".`;
  throw new S2Error("hub-name", message);
}

/** Returns the address of a hub without slashes at its end. @throws S2Error "hub-name" for an address that is no server's. */
export function checkHubUrl(hubUrl: string): string {
  const url = URL.canParse(hubUrl) ? new URL(hubUrl) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return hubUrl.replace(/\/+$/, "");
  throw new S2Error(
    "hub-name",
    `Got the hub address "${shownAddress(hubUrl)}"; expected one with http(s):// and without a password, for example "${hub}". Check HF_ENDPOINT or hubUrl.`,
  );
}

/** @throws S2Error "hub-network" for a listed file name that leads out of the model's folder. */
export function checkFileName(name: string, path: string): void {
  const folders = path.split(/[/\\]/);
  const leaves = folders.includes("..") || folders[0] === "" || /^[A-Za-z]:/.test(path) || path.includes("\0");
  if (!leaves) return;
  throw new S2Error(
    "hub-network",
    `The hub lists a file ${JSON.stringify(path)} of "${name}", which would lie outside the model's folder. Nothing of it was downloaded; do not use this repository.`,
  );
}

/** Returns the error for a status, by the hub's own code where it sends one; it answers 401 for unknown models too without a token. */
export function statusError({ name, revision, hubUrl }: HubModel, answer: Response, access: string): S2Error {
  const code = answer.headers.get("x-error-code");
  const address = shownAddress(answer.url);
  if (code === "RevisionNotFound")
    return new S2Error(
      "hub-not-found",
      `"${name}" has no revision "${revision}". Its branches and tags: ${hubUrl}/${name}/tree/main.`,
    );
  if (code === "GatedRepo" || answer.status === 403)
    return new S2Error("hub-denied", `"${name}" is gated. Accept its terms at ${hubUrl}/${name}. ${access}.`);
  if (code === "RepoNotFound" || code === "EntryNotFound" || answer.status === 404 || answer.status === 401) {
    const search = `${hubUrl}/models?search=${encodeURIComponent(name.split("/")[1])}`;
    return new S2Error(
      "hub-not-found",
      `The hub has no model "${name}", or it is private (asked ${address}, got ${answer.status}). Check the spelling at ${search}. If it is private: ${access}.`,
    );
  }
  const advice = answer.status === 429 ? "it asks to wait: try again in some minutes" : "it has a fault: try again later";
  return new S2Error("hub-network", `${address} answered ${`${answer.status} ${answer.statusText}`.trim()}; ${advice}.`);
}

/** Returns the error for HTML where a file or JSON was expected. */
export function webPageError(address: string): S2Error {
  return new S2Error(
    "hub-network",
    `${shownAddress(address)} answered with a web page instead of the file; perhaps this network asks for a login first. ` +
      "Open the hub in a browser, log in, then call again.",
  );
}
