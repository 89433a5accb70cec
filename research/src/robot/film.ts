/**
 * Films one recording, or two side by side, with ffmpeg:
 * `node research/run.mjs research/src/robot/film.ts 1x.json 1x+2x.json -o pick.mp4`; a name that ends in .gif gives a GIF.
 */
import { Command } from "commander";
import { ResearchError, runCommand } from "../error.ts";
import { encodeFilm, rateOf } from "./encode-film.ts";
import { CAPTION, filmFrames } from "./film-frames.ts";
import { readRecording } from "./record.ts";

interface Flags {
  readonly out: string;
  readonly side: string;
  readonly episodes?: string;
}

const command = new Command("film")
  .description("Films one recording, or two side by side. Needs ffmpeg.")
  .argument("<recording...>", "one or two files of recordings with the same placements")
  .option("-o, --out <file>", "the film, .mp4 or .gif", "film.mp4")
  .option("--side <pixels>", "side of a picture, an even number", "448")
  .option("--episodes <n>", "number of episodes; default all")
  .action(async (paths: readonly string[], { out, side: sideText, episodes }: Flags) => {
    const side = Number(sideText);
    if (!(side >= 64 && side % 2 === 0))
      throw new ResearchError(`Got a side of ${sideText}; expected an even number of at least 64.`);
    if (paths.length > 2) throw new ResearchError(`Got ${paths.length} recordings; expected one or two.`);
    const recordings = paths.map(readRecording);
    const [first, second = first] = recordings.map((each) => JSON.stringify(each.episodes.map(({ placement }) => placement)));
    if (first !== second)
      throw new ResearchError("Got two recordings of different placements; expected the same placements in both.");
    const frames = filmFrames(recordings, { side, rate: rateOf(out), episodes: Number(episodes ?? Infinity) });
    await encodeFilm(frames, out, side * recordings.length, side + CAPTION);
  });

await runCommand(command);
