/** Frames of a film: recordings side by side, each below a line with its name and, at the end, its outcome. */
import sharp from "sharp";
import type { EpisodeRecord, Recording } from "./record.ts";
import { drawScene } from "./render/draw.ts";
import { posesAt } from "./replay.ts";

/** Height of the line of text above a picture, in pixels. */
export const CAPTION = 32;
/** Seconds for which the end of an episode stays. */
const PAUSE = 0.8;
/** Steps of the environment in a second. */
const STEPS = 10;
const COLORS = { picked: "#1a7f37", stopped: "#b42318", late: "#9a6700", running: "#57606a" } as const;

export interface FilmOptions {
  /** Side of a picture in pixels. */
  readonly side: number;
  /** Frames per second. */
  readonly rate: number;
  /** Largest number of episodes. */
  readonly episodes: number;
}

/** Yields frames, [side + CAPTION, recordings · side, 3], of all episodes in turn. */
export async function* filmFrames(
  recordings: readonly Recording[],
  { side, rate, episodes }: FilmOptions,
): AsyncGenerator<Buffer> {
  for (let i = 0; i < Math.min(episodes, recordings[0].episodes.length); i++) {
    const records = recordings.map((recording) => recording.episodes[i]);
    const captions = await Promise.all(recordings.map(({ name }, n) => drawCaptions(name, records[n], side)));
    const steps = Math.max(...records.map(({ poses }) => poses.length - 1));
    for (let frame = 0; frame < rate * (steps / STEPS + PAUSE); frame++) {
      const time = (frame / rate) * STEPS;
      const panels = records.map((record, n) => {
        const caption = time < record.poses.length - 1 ? captions[n].running : captions[n].ended;
        const { data } = drawScene(recordings[n].geometries, posesAt(record, time), record.placement.texture, side);
        return Buffer.concat([caption, data]);
      });
      yield joinPanels(panels, 3 * side);
    }
  }
}

/** Draws the lines above an episode while it runs, and after its end. */
async function drawCaptions(name: string, { outcome }: EpisodeRecord, side: number) {
  const draw = (text: string, color: string) => {
    const letters = text.replace(/[<&]/g, "");
    const line = `<text x="12" y="22" font-family="sans-serif" font-size="18" fill="${color}">${letters}</text>`;
    const size = `width="${side}" height="${CAPTION}"`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect ${size} fill="#fff"/>${line}</svg>`;
    return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  };
  return { running: await draw(name, COLORS.running), ended: await draw(`${name}: ${outcome}`, COLORS[outcome]) };
}

/** Joins panels of equal size side by side; a row of each has so many bytes. */
function joinPanels(panels: readonly Buffer[], row: number): Buffer {
  const joined = Buffer.alloc(panels.length * panels[0].length);
  for (let at = 0; at < panels[0].length; at += row)
    for (let n = 0; n < panels.length; n++) panels[n].copy(joined, at * panels.length + n * row, at, at + row);
  return joined;
}
