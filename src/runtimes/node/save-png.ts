/** Pixels into a PNG file that is there whole or not at all. */
import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { S2Error } from "../../core/index.ts";
import type { Pixels } from "../../images/index.ts";

/** Writes grey, RGB or RGBA pixels as a PNG, first beside `path` and then renamed onto it, so that no reader ever sees half a file. */
export async function savePng({ width, height, channels, data }: Pixels, path: string): Promise<void> {
  if (data.length !== width * height * channels) {
    throw new S2Error(
      "pixels",
      `Got ${data.length} bytes for ${width} x ${height} pixels of ${channels} channels; expected ${width * height * channels}. ` +
        "Give width, height and channels of this very data.",
    );
  }
  const { default: sharp } = await import("sharp");
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
    await image
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .toFormat("png")
      .toFile(unfinished);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const reason = (cause as Error).message.split("\n")[0];
    throw new S2Error("not-written", `Cannot write "${path}" (${reason}). Check that its folder exists and may be written.`, {
      cause,
    });
  }
}
