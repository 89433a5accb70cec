/** Frames of a video at even steps of time: ffmpeg decodes and sends them through a pipe, one after the other, nothing on disk. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { badOption, S2Error } from "../../core/index.ts";
import type { Photo } from "../../images/index.ts";

export interface VideoOptions {
  /** Seconds from one frame to the next. Default 1. */
  every?: number;
  /** The program that decodes. Default "ffmpeg", as the system finds it. */
  ffmpeg?: string;
  signal?: AbortSignal;
}

export interface VideoFrame {
  /** Seconds from the beginning. */
  readonly time: number;
  /** The frame, upright. */
  readonly image: Photo;
}

/**
 * Yields the frames of a video at 0, `every`, 2 · `every` ... seconds. At most a few are in memory; leaving the loop stops ffmpeg.
 * @throws S2Error "ffmpeg-missing" with installation advice, "video" for a file that ffmpeg cannot decode, "option".
 */
export async function* videoFrames(path: string, options: VideoOptions = {}): AsyncGenerator<VideoFrame> {
  const { every = 1, ffmpeg = "ffmpeg", signal } = options;
  if (!(Number.isFinite(every) && every > 0))
    throw badOption("option", "every", every, "a positive number of seconds from one frame to the next");
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new S2Error("video", `There is no video at ${path}; give the path of a file.`);
  if (!found.isFile()) throw new S2Error("video", `${path} is a folder, a pipe or a device; give the path of a video file.`);
  signal?.throwIfAborted();
  // "round=up" gives at each step the last frame that began by then, which a viewer sees at that time.
  const steps = `fps=fps=1/${every}:start_time=0:round=up`;
  const output = ["-an", "-sn", "-vf", steps, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
  const decoder = spawn(ffmpeg, ["-nostdin", "-v", "error", "-i", `file:${path}`, ...output], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = endOf(decoder, path, ffmpeg);
  const stop = () => decoder.kill();
  signal?.addEventListener("abort", stop);
  let frames = 0;
  try {
    for await (const picture of pictures(decoder.stdout)) {
      signal?.throwIfAborted();
      yield { time: frames++ * every, image: { ...picture, source: path } };
    }
    const error = await ended;
    signal?.throwIfAborted();
    if (error) throw error;
    if (frames === 0) throw new S2Error("video", `${path} has no pictures; give a video.`);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}

/** Resolves when the decoder has ended, to its error if it failed. */
function endOf(decoder: ReturnType<typeof spawn>, path: string, ffmpeg: string): Promise<S2Error | undefined> {
  let stderr = "";
  decoder.stderr?.on("data", (text) => {
    stderr = (stderr + text).slice(-4000);
  });
  return new Promise((resolve) => {
    decoder.on("error", (cause) => {
      const advice = "Install it: apt install ffmpeg, brew install ffmpeg, or winget install ffmpeg.";
      const message = `Videos are decoded by ffmpeg, and "${ffmpeg}" cannot be started (${cause.message}). ${advice}`;
      resolve(new S2Error("ffmpeg-missing", message, { cause }));
    });
    decoder.on("close", (status) => {
      const reason = stderr.trim().split("\n").at(-1) || `it ended with status ${status}`;
      resolve(status === 0 ? undefined : new S2Error("video", `ffmpeg cannot decode ${path}: ${reason}. Give another file.`));
    });
  });
}

/** Reads binary PPM (netpbm's "P6"): a header with the size, then RGB. */
async function* pictures(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Photo> {
  let pending: Uint8Array[] = [];
  let have = 0;
  let need = 0; // bytes of the incoming picture with its header; 0 before the header is complete
  for await (const chunk of stream) {
    pending.push(chunk);
    have += chunk.length;
    while (have >= Math.max(need, 1)) {
      const bytes = pending.length === 1 ? pending[0] : Buffer.concat(pending);
      pending = [bytes];
      const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 32)));
      if (!header) break; // wait for more
      const [width, height] = [Number(header[1]), Number(header[2])];
      need = header[0].length + width * height * 3;
      if (have < need) break;
      yield { width, height, channels: 3, data: new Uint8Array(bytes.subarray(header[0].length, need)) };
      pending = [bytes.subarray(need)];
      have -= need;
      need = 0;
    }
  }
}
