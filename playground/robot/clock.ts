/** The time of the replay: plays, pauses, and follows the range input. */
import { STEPS_PER_SECOND } from "../../research/src/robot/episode-file.ts";
import { byId } from "../src/dom.ts";

const SPEEDS = [0.25, 0.5, 1, 2];
/** Most milliseconds between two pictures; where drawing takes longer, the replay is slower and skips nothing. */
const LONGEST = 200;

export interface Clock {
  /** Plays from the start to the step of the end, or stands at the start where the system asks for less motion. */
  start(end: number): void;
  /** Draws the present time again. */
  draw(): void;
}

/** Sets up the controls; `show` draws a time in steps. */
export function clock(show: (time: number) => void): Clock {
  const [play, range] = [byId("play", HTMLButtonElement), byId("time", HTMLInputElement)];
  const [speed, text] = [byId("speed", HTMLSelectElement), byId("clock", HTMLOutputElement)];
  speed.append(...SPEEDS.map((factor) => new Option(`${factor}x`, String(factor), factor === 1, factor === 1)));
  let [time, end, isPlaying] = [0, 0, false];
  /** When the last picture was drawn, in ms; undefined before the first. */
  let before: number | undefined;

  const draw = () => {
    range.value = String(Math.floor(time));
    const seconds = (time / STEPS_PER_SECOND).toFixed(1);
    text.textContent = `${seconds} of ${(end / STEPS_PER_SECOND).toFixed(1)} s`;
    range.setAttribute("aria-valuetext", `${seconds} seconds`);
    show(time);
  };
  const set = (playing: boolean) => {
    isPlaying = playing;
    play.textContent = playing ? "Pause" : time >= end ? "Play again" : "Play";
    before = undefined;
    if (playing) requestAnimationFrame(tick);
  };
  const tick = (now: number) => {
    if (!isPlaying) return;
    if (before !== undefined)
      time = Math.min(end, time + (Number(speed.value) * STEPS_PER_SECOND * Math.min(LONGEST, now - before)) / 1000);
    before = now;
    draw();
    if (time >= end) set(false);
    else requestAnimationFrame(tick);
  };
  play.addEventListener("click", () => {
    if (!isPlaying && time >= end) time = 0;
    set(!isPlaying);
  });
  range.addEventListener("input", () => {
    time = Number(range.value);
    set(false);
    draw();
  });
  return {
    start(last) {
      [time, end] = [0, last];
      range.max = String(last);
      draw();
      set(!matchMedia("(prefers-reduced-motion: reduce)").matches);
    },
    draw,
  };
}
