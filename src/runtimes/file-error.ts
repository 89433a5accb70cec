/** The refusal of a file that ONNX Runtime did not load. Platform-free. */
import { S2Error } from "../core/index.ts";
import { refusalOf } from "./foreign-files.ts";

/** The refusal for a file that ONNX Runtime does not load; `head` are its first bytes. */
export function fileError(reason: string, source: string, head: Uint8Array, size: number | string): S2Error {
  const refusal = refusalOf(source, head);
  if (refusal) return new S2Error("model-file", refusal);
  if (/external data/i.test(reason))
    return new S2Error(
      "model-file",
      `${source} has its weights in another file that is not read: ${reason}. That file must lie in the model's folder, and not by a link to elsewhere; download it into it.`,
    );
  const advice =
    "An ONNX model was expected: if the file was downloaded, download it again; if it was exported, export it for this ONNX Runtime";
  return new S2Error("model-file", `${source} (${size} bytes) does not load: ${reason}. ${advice}.`);
}
