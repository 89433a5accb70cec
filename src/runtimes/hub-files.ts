/** A hub repository: what its name may be, which of its files a model needs, and why the hub may refuse them. Platform-free. */
import { S2Error } from "../core/index.ts";
import { CONFIG_FILES } from "./config-files.ts";

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
/** Where there is no graph, one is built from these. */
const SAFETENSORS = "model.safetensors";
const WEIGHTS = /^(_data(_\d+)?|\.data)$/;
export const COMMIT = /^[0-9a-f]{40}$/;

/** @throws S2Error "hub-no-onnx" when there is neither graph nor weights among the files. */
export function chooseFiles(name: string, listed: readonly HubFile[]): HubFile[] {
  const graph = [...GRAPHS, SAFETENSORS].find((path) => listed.some((file) => file.path === path));
  if (graph === undefined) {
    const paths = listed.map((file) => file.path);
    const shown =
      paths.length > 20 ? `${paths.slice(0, 20).join(", ")} and ${paths.length - 20} more` : paths.join(", ") || "nothing";
    throw new S2Error(
      "hub-no-onnx",
      `"${name}" has neither an ONNX file of its model nor its weights; expected ${GRAPHS.join(" or ")}, or ${SAFETENSORS} to build it from. It has: ${shown}. ` +
        "Look for a repository with an onnx folder (onnx-community has many), or export the model and give loadModel the file.",
    );
  }
  const needed = (path: string) =>
    CONFIG_FILES.some((name) => name === path) ||
    path === graph ||
    (path.startsWith(graph) && WEIGHTS.test(path.slice(graph.length)));
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
      `The hub has no model "${name}", or it is private (asked ${answer.url}, got ${answer.status}). ` +
        `Check the spelling at ${search}. If it is private: ${access}.`,
    );
  }
  const why = answer.status === 429 ? "it asks to wait: try again in some minutes" : "it is not well: try again later";
  return new S2Error("hub-network", `${answer.url} answered ${answer.status} ${answer.statusText}; ${why}.`);
}
