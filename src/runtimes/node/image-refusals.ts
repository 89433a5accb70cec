/** The refusal for an image that cannot be decoded: broken, of a format that is not read, or no image at all. */
import { S2Error } from "../../core/index.ts";
import { isUndecodedImageName } from "../../images/index.ts";
import { foreignKind, imageKind, START_BYTES } from "../image-kinds.ts";

import { readStart } from "./read-image.ts";

const WORKS = "JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG work";

/** The refusal for a file that is not decoded whatever follows its first bytes, or that cannot be read; undefined for all others. */
export async function imageRefusal(path: string): Promise<S2Error | undefined> {
  try {
    const start = await readStart(path, START_BYTES);
    return refuseRaw(path, start) ?? (imageKind(start) ? undefined : refuseUndecodable(`"${path}"`, start));
  } catch (error) {
    return error as S2Error;
  }
}

/** The refusal for a camera's raw file: most are TIFF files of their own kind, of which only a small preview would be decoded. */
export function refuseRaw(source: string | Uint8Array, start: Uint8Array): S2Error | undefined {
  if (typeof source !== "string" || imageKind(start) !== "TIFF" || !isUndecodedImageName(source)) return undefined;
  return new S2Error(
    "image-format",
    `"${source}" is a camera's raw file, which is not decoded here: ${WORKS}. Develop it to JPEG or PNG.`,
  );
}

/** The refusal for bytes that sharp did not decode; `name` begins the sentence. */
export function refuseUndecodable(name: string, bytes: Uint8Array, cause?: unknown): S2Error {
  const start = bytes.subarray(0, START_BYTES);
  const reason = String((cause as Error | undefined)?.message ?? "unsupported image format")
    .split("\n")[0]
    .replace(/^(Input (buffer|file) )?has corrupt header: /, "");
  const foreign = foreignKind(start);
  if (foreign) {
    return new S2Error("image-format", `${name} is a ${foreign} file, which is not decoded here: ${WORKS}. Convert it to PNG.`, {
      cause,
    });
  }
  const kind = imageKind(start) ?? (/unsupported image format/.test(reason) ? undefined : "image");
  if (kind === undefined) {
    const shown = JSON.stringify(Buffer.from(start.subarray(0, 12)).toString("latin1"));
    return new S2Error("image-format", `${name} is not an image (it starts with ${shown}); ${WORKS}. Give an image file.`, {
      cause,
    });
  }
  const broken = `${name} is ${kind === "SVG" ? "an" : "a"} ${kind} file that cannot be decoded to its end (${reason}).`;
  const advice =
    kind === "SVG"
      ? "Save it as PNG in the program that made it."
      : "It is cut short or damaged, and what is missing would be decoded as gray: copy or download it again.";
  return new S2Error("image-broken", `${broken} ${advice}`, { cause });
}
