/** ONNX files: read, checked, written; large ones with their weights in a second file ("external data"). */
import { S2Error } from "../core/index.ts";
import { tensorsOf } from "./nodes.ts";
import { type ModelProto, modelSchema, type TensorProto } from "./proto.ts";
import { count, elementBytes, elementType, tensorDims } from "./tensor.ts";
import { joinPieces, type Pieces, readMessage, writeMessage } from "./wire.ts";

/** Gives the bytes of a file that lies beside the model, by the relative path that the model names. */
export type ReadBeside = (location: string) => Uint8Array;

/**
 * Reads an ONNX file. Weights are views on `bytes`: keep these unchanged as long as the model is used.
 * With `beside`, weights in other files are read too (views on those).
 * @throws S2Error "onnx-file" when it is cut short, damaged or no ONNX file.
 */
export function readOnnx(bytes: Uint8Array, beside?: ReadBeside): ModelProto {
  const model = readMessage<ModelProto>(bytes, modelSchema, "the model");
  if (!model.graph?.node?.length) throw refusal("it has no graph with nodes; it is another format, or damaged");
  if (!model.opsetImport?.some(({ version }) => Number(version) >= 1))
    throw refusal("it does not say its operator set; it is cut short or damaged");
  if (beside) attach(model, beside);
  for (const tensor of tensorsOf(model)) checkLength(tensor);
  return model;
}

/** The file as pieces in order; weights are the model's own arrays, not copies. Write them one after the other. */
export function onnxPieces(model: ModelProto): Pieces {
  return writeMessage(model, modelSchema);
}

/** The most bytes of one file: protobuf's readers end at 2^31, and some count the overhead of messages on top. */
export const largestFile = 1.9e9;

/**
 * The model as one file.
 * @throws S2Error "too-large" above 1.9 GB: no reader of protobuf takes more; `withExternalData` splits it.
 */
export function writeOnnx(model: ModelProto): Uint8Array {
  const pieces = onnxPieces(model);
  if (pieces.length > largestFile) {
    const size = (pieces.length / 1e9).toFixed(2);
    throw new S2Error(
      "too-large",
      `The model takes ${size} GB, and one ONNX file holds 1.9 GB; write it with external data (withExternalData).`,
    );
  }
  return joinPieces(pieces);
}

function attach(model: ModelProto, beside: ReadBeside): void {
  const files = new Map<string, Uint8Array>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== 1) continue;
    const { location, offset, length } = externalPlace(tensor);
    let bytes = files.get(location);
    if (!bytes) {
      bytes = beside(location);
      files.set(location, bytes);
    }
    const end = length === undefined ? bytes.length : offset + length;
    if (end > bytes.length)
      throw refusal(
        `the weights of "${tensor.name}" end at byte ${end} of ${location}, which has ${bytes.length}; that file is cut short or another model's`,
      );
    tensor.rawData = bytes.subarray(offset, end);
    delete tensor.externalData;
    delete tensor.dataLocation;
  }
}

function externalPlace(tensor: TensorProto): { location: string; offset: number; length?: number } {
  const entries = Object.fromEntries((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
  const offset = Number(entries.offset ?? 0);
  const length = entries.length === undefined ? undefined : Number(entries.length);
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!entries.location || !whole(offset) || (length !== undefined && !whole(length)))
    throw refusal(`the place of the weights "${tensor.name}" in another file is not clear (${JSON.stringify(entries)})`);
  if (/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(entries.location))
    throw refusal(
      `the weights of "${tensor.name}" should lie at "${entries.location}", outside the model's folder; such a file is not followed`,
    );
  return { location: entries.location, offset, length };
}

/** The names of the other files that hold weights of the model. */
export function externalLocations(model: ModelProto): string[] {
  const outside = [...tensorsOf(model)].filter(({ dataLocation }) => dataLocation === 1);
  return [...new Set(outside.map((tensor) => externalPlace(tensor).location))];
}

/** Smaller tensors stay in the model's file: shapes and scalars, which readers want at hand. */
const smallestExternal = 1024;
/** Weights begin at multiples of this, so that readers can map the file into memory. */
const pageSize = 4096;

/**
 * Splits a model into its graph and a second file of weights, which is to be written as `location` beside it.
 * @returns the model without the weights, and the second file in pieces that are the weights themselves.
 */
export function withExternalData(model: ModelProto, location: string): { model: ModelProto; data: Pieces } {
  const parts: Uint8Array[] = [];
  let length = 0;
  const initializer = (model.graph.initializer ?? []).map((tensor) => {
    const { rawData, ...rest } = tensor;
    if (!rawData || rawData.length < smallestExternal) return tensor;
    const padding = (pageSize - (length % pageSize)) % pageSize;
    if (padding > 0) parts.push(new Uint8Array(padding));
    parts.push(rawData);
    const place = { location, offset: String(length + padding), length: String(rawData.length) };
    length += padding + rawData.length;
    return { ...rest, externalData: Object.entries(place).map(([key, value]) => ({ key, value })), dataLocation: 1 };
  });
  return { model: { ...model, graph: { ...model.graph, initializer } }, data: { length, parts } };
}

/** Sets entries of the model's metadata; the others stay. */
export function withMetadata(model: ModelProto, entries: Readonly<Record<string, string>>): ModelProto {
  const kept = (model.metadataProps ?? []).filter(({ key }) => !Object.hasOwn(entries, key ?? ""));
  return { ...model, metadataProps: [...kept, ...Object.entries(entries).map(([key, value]) => ({ key, value }))] };
}

/** Whether a domain is ONNX's own: it has two spellings. */
export const isOnnx = (domain: string | undefined): boolean => !domain || domain === "ai.onnx";

/** The version of ONNX's own operators that the model is written in. */
export function opsetOf(model: ModelProto): number {
  return Number(model.opsetImport.find(({ domain }) => isOnnx(domain))?.version ?? 0);
}

function checkLength(tensor: TensorProto): void {
  const size = elementBytes(elementType(tensor.dataType));
  if (!tensor.rawData || size === undefined) return;
  const dims = tensorDims(tensor);
  if (dims.every((dim) => dim >= 0) && tensor.rawData.length === count(dims) * size) return;
  throw refusal(`the tensor "${tensor.name}" of dims [${dims.join(", ")}] has ${tensor.rawData.length} bytes; it is damaged`);
}

function refusal(reason: string): S2Error {
  return new S2Error("onnx-file", `Not an ONNX file that can be read: ${reason}. Download or export it again.`);
}
