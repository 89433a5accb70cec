/** Draws an SVG in a process of its own, which can be ended. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { S2Error } from "../../core/index.ts";
import type { DecodeOptions, Rgb } from "./decode-image.ts";
import type { SvgAnswer, SvgWork } from "./svg-process.ts";

const LIMITS = { seconds: 3, bytes: 640 * 2 ** 20 } as const;

/** @throws S2Error for a drawing beyond the limits; an Error with librsvg's message. */
export async function drawSvg(bytes: Uint8Array, name: string, options: DecodeOptions, signal?: AbortSignal): Promise<Rgb> {
  const child = fork(fileURLToPath(new URL("./svg-process.js", import.meta.url)), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const stop = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const answer = await new Promise<SvgAnswer>((resolve, reject) => {
      child.on("message", (message) => resolve(message as SvgAnswer));
      child.on("error", reject);
      child.on("disconnect", () => reject(new Error("the process that drew it ended")));
      child.send({ bytes, name, options, limits: LIMITS } satisfies SvgWork, (error) => error && reject(error));
    });
    if ("rgb" in answer) return answer.rgb;
    if ("refused" in answer) throw answer.code ? new S2Error(answer.code, answer.refused) : new Error(answer.refused);
    const used = { seconds: `${LIMITS.seconds} seconds of a processor`, bytes: `${LIMITS.bytes / 2 ** 20} MiB of memory` };
    throw new S2Error(
      "image-broken",
      `${name} is an SVG file that takes more than ${used[answer.exceeded]} to draw; its filters or its number of shapes are out of the ordinary. ` +
        "Save it as PNG in the program that made it.",
    );
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
