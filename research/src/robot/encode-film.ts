/** Encodes frames as MP4 or GIF with ffmpeg, through a pipe; the file is there once it is complete. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { extname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ResearchError } from "../error.ts";

const FORMATS: Readonly<Record<string, { readonly rate: number; readonly options: readonly string[] }>> = {
  ".mp4": { rate: 30, options: ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "22", "-movflags", "+faststart"] },
  ".gif": { rate: 10, options: ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"] },
};

/** Returns the frames per second of a file's format. */
export function rateOf(path: string): number {
  const format = FORMATS[extname(path)];
  if (!format) throw new ResearchError(`Got the file ${path}; expected a name that ends in .mp4 or .gif.`);
  return format.rate;
}

/** Encodes RGB frames, [height, width, 3] each. */
export async function encodeFilm(frames: AsyncIterable<Uint8Array>, path: string, width: number, height: number): Promise<void> {
  const temporary = `${path}.part${extname(path)}`;
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", `${rateOf(path)}`, "-i", "-"];
  const output = [...FORMATS[extname(path)].options, `file:${temporary}`];
  const encoder = spawn("ffmpeg", ["-v", "error", "-y", ...input, ...output], { stdio: ["pipe", "ignore", "pipe"] });
  try {
    const [sent, ended] = await Promise.allSettled([pipeline(frames, encoder.stdin), endOf(encoder, path)]);
    if (sent.status === "rejected" && !CLOSED.has(sent.reason.code)) throw sent.reason;
    if (ended.status === "rejected") throw ended.reason;
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Codes of a pipe that ffmpeg closed; it says why. */
const CLOSED: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"]);

function endOf(encoder: ChildProcessByStdio<Writable, null, Readable>, path: string): Promise<void> {
  let reason = "";
  encoder.stderr.on("data", (text) => (reason += text));
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new ResearchError(message));
    encoder.on("error", () => fail("ffmpeg, which encodes films, cannot be started. Install it: apt install ffmpeg."));
    encoder.on("close", (status) =>
      status === 0 ? resolve() : fail(`ffmpeg cannot write ${path}: ${reason.trim() || `exit status ${status}`}`),
    );
  });
}
