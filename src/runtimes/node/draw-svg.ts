/** An SVG into RGB, drawn in a process that can be ended. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { S2Error } from "../../core/index.ts";
import type { DecodeOptions, Rgb } from "./decode-image.ts";
import type { SvgAnswer, SvgWork } from "./svg-process.ts";

const LIMITS = { seconds: 3, bytes: 640 * 2 ** 20 } as const;

/** @throws S2Error for a drawing beyond the limits; an Error of librsvg's message. */
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
    if ("exceeded" in answer) throw refuseExceeded(name, answer.exceeded);
    throw answer.code ? new S2Error(answer.code, answer.refused) : new Error(answer.refused);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}

function refuseExceeded(name: string, what: keyof typeof LIMITS): S2Error {
  const used = what === "seconds" ? `${LIMITS.seconds} seconds of a processor` : `${LIMITS.bytes / 2 ** 20} MiB of memory`;
  return new S2Error(
    "image-broken",
    `${name} is an SVG file that takes more than ${used} to draw; its filters or its number of shapes are out of the ordinary. ` +
      "Save it as PNG in the program that made it.",
  );
}
