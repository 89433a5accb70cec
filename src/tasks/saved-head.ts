/** A fitted head on disk: head.json and head.safetensors, with the model and the extraction config that its features were made with. */
import { array, looseObject, number, optional, picklist, record, string } from "valibot";
import { S2Error } from "../core/index.ts";
import type { DataSetOptions } from "../datasets/index.ts";
import { readHead, writeHead } from "../heads/index.ts";
import type { ExtractionConfig, Store } from "../store/index.ts";
import { sha256 } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import type { MeasuredFigure } from "./figures.ts";
import { TASK_HEADS, type TaskHead, type TaskHeadName } from "./fit.ts";
import type { TaskSplitOptions } from "./splits.ts";

/** The origin of the features that a head was fitted on. */
export interface HeadFeatures {
  /** Arguments that load the model again: `model` is its path or hub name, the others are options of `loadModel`. */
  readonly model?: { readonly model?: string } & Readonly<Record<string, unknown>>;
  /** From `modelFingerprint`. */
  readonly modelHash: string;
  readonly extraction: ExtractionConfig;
  /** Version of this package. */
  readonly s2_vision: string;
}

/** The data set that a head was fitted on: its name, its images by split, and how it was read and split. */
export interface HeadData extends Pick<DataSetOptions, "list" | "classes" | "ignore" | "metersPerUnit">, TaskSplitOptions {
  readonly name: string;
  readonly images: Readonly<Record<string, number>>;
  readonly objectsFrom?: number;
}

/** A head with everything that `predictImages` and `evaluateDataSet` must repeat to use it. */
export interface SavedHead extends TaskHead {
  /** Its name in `TASK_HEADS`. */
  readonly fitted: TaskHeadName;
  readonly features: HeadFeatures;
  readonly data: HeadData;
  /** Figures by split and name. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, Omit<MeasuredFigure, "name">>>>>;
}

const [jsonName, weightsName] = ["head.json", "head.safetensors"];

/**
 * Writes head.json and head.safetensors to a folder's store. head.json holds the hash of the weights, so that files of two fits do not pass
 * for one head.
 * @throws S2Error "head" for a field that JSON cannot keep, "write" when a file cannot be written.
 */
export async function saveHead(folder: Store, head: SavedHead): Promise<void> {
  const { weights } = writeHead(head);
  const { json } = writeHead({ ...head, weights: await sha256(weights) } as SavedHead);
  await folder.write(weightsName, weights);
  await folder.write(jsonName, new TextEncoder().encode(json));
}

/**
 * Reads a head that `saveHead` wrote. `name` is the folder's name for error messages.
 * @throws S2Error "head" when a file is missing or invalid, or when the two are not from one fit.
 */
export async function loadHead(folder: Store, name: string): Promise<SavedHead> {
  const read = async (file: string) => {
    const bytes = await folder.read(file);
    if (bytes) return bytes;
    throw new S2Error("head", `There is no ${name}/${file}; expected a folder that "s2 fit ... -o FOLDER" or saveHead wrote.`);
  };
  const [json, weights] = [await read(jsonName), await read(weightsName)];
  const found = parseJson(headFile, json, { code: "head", name: `${name}/${jsonName}`, advice: "Fit the head again." });
  if (found.weights !== (await sha256(weights)))
    throw new S2Error(
      "head",
      `${name}/${jsonName} and ${name}/${weightsName} are not from one fit, or one is damaged: a fit was stopped between the two, or one was copied alone. Fit again.`,
    );
  const head = readHead(new TextDecoder().decode(json), weights) as SavedHead;
  return { ...head, features: { ...head.features, extraction: withEarlierDefaults(head.features.extraction) } };
}

/** Heads of version 0.1.0 name only the options that were given; these were the defaults of the others. */
function withEarlierDefaults(extraction: ExtractionConfig): ExtractionConfig {
  if (extraction.fit !== undefined || extraction.maxTiles !== undefined) return extraction;
  return { fit: "keep", fusion: "reference", ...extraction };
}

/** The fields that predictions and evaluations rely on; the head's tensors are checked where it is opened. */
const headFile = looseObject({
  kind: string(),
  task: picklist(Object.keys(TASK_HEADS)),
  classes: array(string()),
  fitted: picklist(Object.values(TASK_HEADS).flat()),
  weights: string(),
  features: looseObject({
    model: optional(looseObject({ model: optional(string()) })),
    modelHash: string(),
    extraction: looseObject({}),
    s2_vision: string(),
  }),
  data: looseObject({ name: string(), images: record(string(), number()) }),
});

/** Checks that a model is the one that the head was fitted with. @throws S2Error "head" that names both models and their fingerprints. */
export function checkHeadModel(
  { features }: SavedHead,
  { modelHash, modelName }: { modelHash: string; modelName: string },
): void {
  if (modelHash === features.modelHash) return;
  throw new S2Error(
    "head",
    `The head was fitted with ${features.model?.model ?? "s2-tiny"} (fingerprint ${features.modelHash.slice(0, 12)}), and ${modelName} is another model ` +
      `or has other weights, options or preprocessing (${modelHash.slice(0, 12)}); load the model that it was fitted with, or fit a head to this one.`,
  );
}

/** The options that read and split a data set as at the fit. A head for classification has the names of its classes itself. */
export function dataSetOptionsOf({ task, data, classes: names }: SavedHead) {
  const { name: _, images: __, ...given } = data;
  return { task, ...given, ...(task === "classification" && { classes: names }) };
}
