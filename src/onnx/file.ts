/** Reads, checks and writes ONNX files; large ones keep their weights in a second file ("external data"). */
import { S2Error } from "../core/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import type { Dim } from "./dims.ts";
import { tensorsOf } from "./nodes.ts";
import { type GraphProto, type ModelProto, modelSchema, type TensorProto, type ValueInfoProto } from "./proto.ts";
import { count, elementBytes, elementType, tensorDims } from "./tensor.ts";
import { type Pieces, readMessage, writeMessage } from "./wire.ts";

/** Returns the bytes of a file beside the model, given the relative path that the model names. */
type ReadBeside = (location: string) => Uint8Array;

/**
 * Reads an ONNX file. Weights are views on `bytes`: keep these unchanged as long as the model is used.
 * With `beside`, weights in other files are read too, as views on those.
 * @throws S2Error "onnx-file" when the file is cut short, damaged or no ONNX file.
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

/** The file as pieces in order, to be written one after the other; weights are the model's arrays, not copies. */
export function onnxPieces(model: ModelProto): Pieces {
  return writeMessage(model, modelSchema);
}

/** The largest file in bytes: protobuf's readers stop at 2^31, and some add the overhead of messages. */
export const largestFile = 1.9e9;

/**
 * Writes the model as one file.
 * @throws S2Error "too-large" above 1.9 GB, more than readers of protobuf accept; `withExternalData` splits it.
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
  return joinArrays(Uint8Array, pieces.parts);
}

function attach(model: ModelProto, beside: ReadBeside): void {
  const files = new Map<string, Uint8Array>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== 1) continue;
    const { location, offset, length } = externalLocation(tensor);
    const bytes = files.get(location) ?? beside(location);
    files.set(location, bytes);
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

function externalLocation(tensor: TensorProto): { location: string; offset: number; length?: number } {
  const entries = Object.fromEntries((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
  const { location } = entries;
  const [offset, length] = [Number(entries.offset ?? 0), entries.length === undefined ? undefined : Number(entries.length)];
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!location || !isCount(offset) || !isCount(length ?? 0))
    throw refusal(`the location of the weights "${tensor.name}" in another file is not clear (${JSON.stringify(entries)})`);
  if (/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(location))
    throw refusal(
      `the weights of "${tensor.name}" should lie at "${location}", outside the model's folder; such a file is not followed`,
    );
  return { location, offset, length };
}

/** The names of the other files that hold weights of the model. */
export function externalLocations(model: ModelProto): string[] {
  const outside = [...tensorsOf(model)].filter(({ dataLocation }) => dataLocation === 1);
  return [...new Set(outside.map((tensor) => externalLocation(tensor).location))];
}

/** Smaller tensors, such as shapes and scalars, stay in the model's file. */
const smallestExternal = 1024;
/** Weights begin at multiples of the page size, so that readers can map the file into memory. */
const pageSize = 4096;

/** Splits a model into its graph and the pieces of a second file with its weights, which is to be written as `location` beside it. */
export function withExternalData(model: ModelProto, location: string): { model: ModelProto; data: Pieces } {
  const parts: Uint8Array[] = [];
  let length = 0;
  const initializer = (model.graph.initializer ?? []).map((tensor) => {
    const { rawData, ...rest } = tensor;
    if (!rawData || rawData.length < smallestExternal) return tensor;
    const padding = (pageSize - (length % pageSize)) % pageSize;
    if (padding > 0) parts.push(new Uint8Array(padding));
    parts.push(rawData);
    const entries = { location, offset: String(length + padding), length: String(rawData.length) };
    length += padding + rawData.length;
    return { ...rest, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })), dataLocation: 1 };
  });
  return { model: { ...model, graph: { ...model.graph, initializer } }, data: { length, parts } };
}

/** Sets entries of the model's metadata and keeps the others. */
export function withMetadata(model: ModelProto, entries: Readonly<Record<string, string>>): ModelProto {
  const kept = (model.metadataProps ?? []).filter(({ key }) => !Object.hasOwn(entries, key ?? ""));
  return { ...model, metadataProps: [...kept, ...Object.entries(entries).map(([key, value]) => ({ key, value }))] };
}

/** The metadata's entries. */
export function metadataOf(model: ModelProto): Record<string, string> {
  return Object.fromEntries((model.metadataProps ?? []).map(({ key = "", value = "" }) => [key, value]));
}

/** The inputs that are fed; older files list their weights as inputs too. */
export function inputsOf({ initializer = [], input = [] }: GraphProto): ValueInfoProto[] {
  const weights = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !weights.has(name));
}

/** The shape that a file declares for a value; "?" for a size that it does not name. */
export function declaredShape({ type }: ValueInfoProto): Dim[] {
  const dims = type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue, dimParam = "?" }) => (dimValue === undefined ? dimParam : Number(dimValue)));
}

/** Returns true for ONNX's own domain, which has two spellings. */
export const isOnnx = (domain: string | undefined): boolean => !domain || domain === "ai.onnx";

/** The version of ONNX's operator set that the model uses. */
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
