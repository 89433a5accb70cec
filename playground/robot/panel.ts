/** One half of the page: the success of a policy, its picture of an episode, and how the episode ended. */
import type { EpisodeFile, FileCondition } from "../../research/src/robot/episode-file.ts";
import { project } from "../../research/src/robot/render/camera.ts";
import { drawView, type View } from "../../research/src/robot/render/draw.ts";
import { posesAt } from "../../research/src/robot/replay.ts";
import { make } from "../src/dom.ts";
import { canvasOf } from "../src/draw.ts";
import { SIDE } from "./cameras.ts";
import { endingWords, locationWords, percentOf } from "./words.ts";

export interface Panel {
  readonly element: HTMLElement;
  /** Takes a placement by its index, with the poses of its episode. */
  show(index: number, poses: readonly Float64Array[]): void;
  /** Draws the episode at a time in steps, with or without a ring where the cube was found. */
  draw(time: number, view: View, withFound: boolean): void;
}

export function panel(file: EpisodeFile, { success, outcomes, episodes }: FileCondition, name: string): Panel {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  canvas.setAttribute("role", "img");
  const [ending, location] = [make("p", { className: "ending" }), make("p", { className: "hint" })];
  const heading = make("h2", {}, `${name} `, make("small", { textContent: `picks ${percentOf(success)}` }));
  const element = make("figure", {}, heading, canvas, make("figcaption", {}, ending, location));
  let [index, poses]: [number, readonly Float64Array[]] = [0, []];
  return {
    element,
    show(next, its) {
      [index, poses] = [next, its];
      const outcome = outcomes[index];
      ending.textContent = endingWords(outcome, poses.length - 1);
      ending.className = `ending ${outcome}`;
      location.textContent = locationWords(episodes[index]);
      canvas.setAttribute("aria-label", `Arm and cube with ${name}, placement ${index + 1}. ${ending.textContent}`);
    },
    draw(time, view, withFound) {
      const { texture } = file.replayed[index];
      const picture = drawView(view, file.geometries, posesAt({ poses }, time), texture);
      const context = canvas.getContext("2d")!;
      context.drawImage(canvasOf(picture), 0, 0);
      if (withFound) drawRing(context, view, episodes[index].found, file.cube / 2);
      if (time >= poses.length - 1) drawResult(context, outcomes[index] === "picked");
    },
  };
}

/** Draws a ring with a cross where the cube was found, white with dark edges. */
function drawRing(context: CanvasRenderingContext2D, { camera }: View, { x, y }: { x: number; y: number }, height: number): void {
  const [across, down] = project(camera, [x, y, height]);
  const strokes = new Path2D();
  strokes.arc(across, down, 11, 0, 2 * Math.PI);
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    strokes.moveTo(across + 5 * dx, down + 5 * dy);
    strokes.lineTo(across + 17 * dx, down + 17 * dy);
  }
  for (const [width, color] of [
    [4.5, "#101415"],
    [2, "#fff"],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke(strokes);
  }
}

/** Draws a check or a cross in the corner of an episode that is over. */
function drawResult(context: CanvasRenderingContext2D, picked: boolean): void {
  context.fillStyle = picked ? "#0f766e" : "#b42318";
  context.beginPath();
  context.arc(SIDE - 36, 36, 24, 0, 2 * Math.PI);
  context.fill();
  const [x, y] = [SIDE - 36, 36];
  context.lineWidth = 5;
  context.strokeStyle = "#fff";
  context.beginPath();
  if (picked) {
    context.moveTo(x - 11, y);
    context.lineTo(x - 3, y + 9);
    context.lineTo(x + 12, y - 9);
  } else {
    context.moveTo(x - 9, y - 9);
    context.lineTo(x + 9, y + 9);
    context.moveTo(x + 9, y - 9);
    context.lineTo(x - 9, y + 9);
  }
  context.stroke();
}
