/** archive.json: the model, options and format that all shards of an archive share, written once. */
import { randomUUID } from "node:crypto";
import { boolean, looseObject, object, picklist, record, string, unknown } from "valibot";
import { badOption, S2Error } from "../core/index.ts";
import { explicitOptions, type ImageModel, type ImagePlanOptions, type Pooling, planImage } from "../features/index.ts";
import { fingerprintModel, type Model, readVersion } from "../runtimes/node/index.ts";
import { optionsFingerprint } from "../store/index.ts";
import { parseJson } from "../tensors/json.ts";
import { openArchiveStore } from "./open-store.ts";
import { type ArchiveStore, jsonBytes } from "./store.ts";

/** Properties that all shards of an archive share. */
export interface ArchiveConfig {
  /** Random name of the archive, by which its queue is called wherever it is mounted. */
  readonly id: string;
  /** Version of this package that planned the archive; other versions may give other features and are refused. */
  readonly s2_vision: string;
  /** Options that the model is loaded with; `model` is its path or name. */
  readonly model: { readonly model?: string; readonly output?: string; readonly [name: string]: unknown };
  /** Scales and preprocessing. */
  readonly extraction: ImagePlanOptions;
  /** Fingerprints of the loaded model and of the options. */
  readonly fingerprint: { readonly model: string; readonly options: string };
  /** Files of the shards. */
  readonly format: "safetensors" | "parquet";
  /** "features": all tokens and the vector of each image; "vectors": the pooled vectors alone. */
  readonly keep: "features" | "vectors";
  /** The vector of an image. */
  readonly pooling: Pooling;
  /** Keeps vectors of committed shards in LanceDB too. */
  readonly lancedb: boolean;
}

/** An archive that exists. */
export interface Archive {
  readonly store: ArchiveStore;
  readonly config: ArchiveConfig;
}

const FILE = "archive.json";

const schema = looseObject({
  id: string(),
  s2_vision: string(),
  model: record(string(), unknown()),
  extraction: record(string(), unknown()),
  fingerprint: object({ model: string(), options: string() }),
  format: picklist(["safetensors", "parquet"]),
  keep: picklist(["features", "vectors"]),
  pooling: picklist(["cls", "mean", "cls+mean"]),
  lancedb: boolean(),
});

/** Opens an archive. @throws S2Error "index" when there is none at this location. */
export async function openArchive(location: string): Promise<Archive> {
  const store = await openArchiveStore(location);
  const config = await readConfig(store);
  if (config) return { store, config };
  throw new S2Error(
    "index",
    `There is no archive at ${location} (no ${FILE}). Begin one: s2 archive add photos/ --to ${location}`,
  );
}

async function readConfig(store: ArchiveStore): Promise<ArchiveConfig | undefined> {
  const bytes = await store.read(FILE);
  if (!bytes) return undefined;
  const source = { code: "index", name: `${store.location}/${FILE}`, advice: "It is damaged; restore it from a copy." } as const;
  return parseJson(schema, bytes, source) as unknown as ArchiveConfig;
}

/** Choices for a new archive. */
export interface NewArchive {
  /** Options that the model was loaded with, `model` being its path or name; workers load it by these. Default: those of the archive. */
  readonly loadOptions?: ArchiveConfig["model"];
  /** Scales, fit and the like, as `extract` takes them; default: those of the archive, or of `extract`. Not Dynamic S², whose images have scales of their own. */
  readonly extraction?: ImagePlanOptions;
  /** Files of the shards. Default "safetensors"; "parquet" needs hyparquet and hyparquet-writer. */
  readonly format?: "safetensors" | "parquet";
  /** "features" (default): tokens and a vector of each image; "vectors": the pooled vectors alone. */
  readonly keep?: "features" | "vectors";
  /** The vector of an image. Default "cls" where the model has a [CLS] token, else "mean". */
  readonly pooling?: Pooling;
  /** Keeps vectors in LanceDB too, where searches are fast. Default false. */
  readonly lancedb?: boolean;
}

/** Opens an archive, or begins one. @throws S2Error "index" naming the first choice in which the archive differs. */
export async function beginArchive(location: string, model: Model, choices: NewArchive): Promise<Archive> {
  const store = await openArchiveStore(location);
  const before = await readConfig(store);
  const { loadOptions = before?.model ?? {}, extraction = before?.extraction ?? {} } = choices;
  const { format = "safetensors", keep = "features", lancedb = false } = choices;
  const { pooling = model.traits.prefixTokens > 0 ? "cls" : "mean" } = choices;
  if (extraction.maxTiles !== undefined)
    throw new S2Error(
      "option",
      "Dynamic S² gives each image scales of its own, which no archive can compare; leave out maxTiles.",
      {
        option: "maxTiles",
      },
    );
  if (pooling !== "mean" && model.traits.prefixTokens === 0)
    throw badOption("option", "pooling", pooling, `"mean", because the model has no [CLS] token`);
  planImage({ height: 1024, width: 1024 }, extraction, model.traits); // options that a square image refuses fit no image
  const fingerprint = await fingerprintOf(model, loadOptions, extraction);
  const given = {
    id: randomUUID(),
    s2_vision: readVersion(),
    model: loadOptions,
    extraction,
    fingerprint,
    format,
    keep,
    pooling,
    lancedb,
  };
  await store.create(FILE, jsonBytes(given));
  const config = (await readConfig(store)) ?? given;
  refuseOther(config, given, choices);
  return { store, config };
}

/** Checks that a worker makes the very features that were planned. @throws S2Error "index". */
export async function checkWorker({ config, store }: Archive, model: Model): Promise<void> {
  const fingerprint = await fingerprintOf(model, config.model, config.extraction);
  refuseOther(config, { ...config, s2_vision: readVersion(), fingerprint }, {}, store.location);
}

async function fingerprintOf(model: Model, { output }: ArchiveConfig["model"], extraction: ImagePlanOptions) {
  return {
    model: await fingerprintModel(model, output),
    options: optionsFingerprint(explicitOptions(extraction), (model as ImageModel).preprocessing),
  };
}

/** Compares the archive with what was given; choices that were left out are the archive's. */
function refuseOther(config: ArchiveConfig, given: ArchiveConfig, choices: NewArchive, location = "The archive"): void {
  const refuse = (what: string, planned: string, now: string, advice: string): never => {
    throw new S2Error("index", `${location} was planned with ${what} ${planned}, and this is ${now}. ${advice}`);
  };
  if (config.s2_vision !== given.s2_vision)
    refuse("version", config.s2_vision, given.s2_vision, `Install s2-vision@${config.s2_vision}, or begin another archive.`);
  if (config.fingerprint.model !== given.fingerprint.model)
    refuse(
      "another model:",
      String(config.model.model ?? "s2-tiny"),
      "not the same files",
      "Give the model that it was begun with.",
    );
  if (config.fingerprint.options !== given.fingerprint.options)
    refuse("the options", config.fingerprint.options, given.fingerprint.options, "Give the same, or begin another archive.");
  for (const name of ["format", "keep", "pooling", "lancedb"] as const)
    if (choices[name] !== undefined && config[name] !== given[name])
      refuse(`${name}:`, String(config[name]), String(given[name]), "Leave it out, or begin another archive.");
}
