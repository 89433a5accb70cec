/** Recognizes model files of other formats and says how to get a usable one. Platform-free. */
import { S2Error } from "../core/index.ts";
import { isLfsPointer, lfsPointerReason } from "../tensors/git-lfs.ts";

const pickle =
  "a PyTorch checkpoint, which only Python can read (it may run code); save the model again with save_pretrained, which writes model.safetensors, or export it to ONNX";
const tensorflow = "a TensorFlow model; take the repository's safetensors or ONNX file, or export the model to ONNX";

/** Formats by file name; the first match counts. */
const byName: readonly (readonly [RegExp, string])[] = [
  [
    /^open_clip.*\.(safetensors|bin|pth?)$/i,
    "the weights of an OpenCLIP model, whose layout is not built here; take the same model in transformers' layout (config.json and model.safetensors), or export its image tower to ONNX",
  ],
  [/\.(bin|pth?|ckpt|pkl|t7)(\.index\.json)?$/i, pickle],
  [/\.(h5|hdf5|keras|pb|ckpt-\d+.*)$/i, tensorflow],
  [/\.msgpack$/i, "a Flax model; take the repository's safetensors or ONNX file, or export the model to ONNX"],
  [/\.gguf$/i, "a GGUF file of llama.cpp; take the repository of the original weights"],
  [/\.(tflite|lite)$/i, "a TensorFlow Lite model; export the model to ONNX instead"],
  [/\.(mlmodel|mlpackage)$/i, "a Core ML model; export the model to ONNX instead"],
  [/\.(engine|plan|trt)$/i, "a TensorRT engine, which belongs to one GPU; give the ONNX file that it was made from"],
  [/\.ort$/i, "ONNX Runtime's own format; give the ONNX file that it was made from"],
];

/** Formats by bytes near the beginning of the file. */
const byHead: readonly (readonly [at: number, bytes: string, format: string])[] = [
  [0, "PK\x03\x04", `a ZIP archive: unpack it, or if torch.save wrote it: ${pickle}`],
  ...["\x02", "\x03", "\x04", "\x05"].map((version) => [0, `\x80${version}`, pickle] as const),
  [0, "\x89HDF", tensorflow],
  [0, "GGUF", "a GGUF file of llama.cpp; take the repository of the original weights"],
  [4, "TFL3", "a TensorFlow Lite model; export the model to ONNX instead"],
  [4, "ORTM", "ONNX Runtime's own format; give the ONNX file that it was made from"],
  [8, '{"', "a safetensors file; give the folder that has it as model.safetensors, with its config.json"],
  ...["<!doctype", "<!DOCTYPE", "<html"].map(
    (tag) => [0, tag, "a web page, as a server sends with a login or an error; download the file again"] as const,
  ),
];

/** Describes the format of a file by its name, with advice; undefined for names of no known other format. */
export const foreignName = (name: string): string | undefined => byName.find(([pattern]) => pattern.test(name))?.[1];

/** Returns a sentence for a file of another format, by its first 40 bytes or its name; undefined for a file that may be a model. */
export function refusalOf(name: string, head: Uint8Array): string | undefined {
  if (isLfsPointer(head)) return `${lfsPointerReason(name)}.`;
  const text = String.fromCharCode(...head.subarray(0, 40));
  const format = byHead.find(([at, bytes]) => text.startsWith(bytes, at))?.[2] ?? foreignName(name.split(/[\\/]/).at(-1)!);
  return format && `${name} is ${format}.`;
}

/** Returns the error for a file that ONNX Runtime does not load; `head` are its first bytes. */
export function fileError(reason: string, source: string, head: Uint8Array, size: number | string): S2Error {
  const refusal = refusalOf(source, head);
  if (refusal) return new S2Error("model-file", refusal);
  const isExternal = /external data/i.test(reason);
  const message = isExternal
    ? `${source} has its weights in another file that is not read: ${reason}. That file must lie in the model's folder, and not by a link to elsewhere; download it into it.`
    : `${source} (${size} bytes) does not load: ${reason}. An ONNX model was expected: if the file was downloaded, download it again; if it was exported, export it for this ONNX Runtime.`;
  return new S2Error("model-file", message);
}
