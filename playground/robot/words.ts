/** Sentences about episodes and figures. */
import {
  type Ending,
  type EpisodeFile,
  type FileCondition,
  type FileEpisode,
  STEPS_PER_SECOND,
} from "../../research/src/robot/episode-file.ts";

/** Writes an interval: "20.7 % (15.3 to 26.5)". */
export const percentOf = ({ value, low, high }: FileCondition["success"]): string =>
  `${value.toFixed(1)} % (${low.toFixed(1)} to ${high.toFixed(1)})`;

/** Describes how an episode of some steps ended. */
export function endingWords(ending: Ending, steps: number): string {
  const seconds = `${(steps / STEPS_PER_SECOND).toFixed(1)} s`;
  if (ending === "picked") return `Picked after ${seconds}.`;
  return ending === "stopped" ? `Missed: a finger pressed too hard after ${seconds}.` : `Missed: not picked within ${seconds}.`;
}

export const locationWords = ({ error, turn }: Pick<FileEpisode, "error" | "turn">): string =>
  `Cube located ${(100 * error).toFixed(1)} cm and ${turn.toFixed(0)}° off.`;

/** Compares the control, which has as many tokens as S² and no more detail. */
export function controlSentence({ success }: FileCondition, { success: control }: EpisodeFile["control"]): string {
  const isAlike = control.low <= success.high && success.low <= control.high;
  return `With as many tokens of the picture reduced to 224 px, so without more detail, the policy picks ${percentOf(control)}${
    isAlike ? ": what helps here is the finer grid of tokens, not the detail" : ""
  }.`;
}
