/** The first view: a lens over the image shows what the model gets at each scale; beside it what is similar to a place, at one scale and with S². */
import type { ImageTokens } from "s2-vision/heads";
import { boxAround, gridGeometryOf, regionVector, similarities } from "s2-vision/retrieval";
import { takeScales } from "s2-vision/tasks";
import { heatOver, type Pixels } from "s2-vision/web";
import { attempt, button, make } from "./dom.ts";
import { outline, ring } from "./draw.ts";
import { imageCanvas } from "./image-canvas.ts";
import { lens } from "./lens.ts";
import { extractOnce } from "./run-extraction.ts";
import { onChange, type Shown, session, sides, tokensOfMap } from "./session.ts";
import { split } from "./split.ts";

interface Spot {
  readonly x: number;
  readonly y: number;
}

export function setUpCompare(panel: HTMLElement): void {
  const glass = lens();
  const heat = split("Similarity to the chosen place");
  const spots = make("div", { className: "chips", role: "group", ariaLabel: "Places of the example" });
  const ask = button("Extract features", () => void attempt(panel, async () => void (await extractOnce())), "main");
  const wait = make(
    "div",
    { className: "over" },
    make("p", { textContent: "What is similar to the place? The model has to see the image first." }),
    ask,
  );
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  let spot: Spot = { x: 0, y: 0 };
  let current: Shown | undefined;
  let seen = false;
  /** Tokens of one scale and of all, as far as they are there. */
  let tokens: readonly (ImageTokens | undefined)[] = [];

  const drawPhoto = (at: Spot) => {
    const box = glass.move(at.x, at.y);
    photo.redraw((context, scale) => {
      ring(context, spot.x * scale, spot.y * scale, "#fbbf24");
      outline(context, box, scale);
    });
  };
  const drawHeat = () => {
    const { shown } = session;
    if (!shown) return;
    const start = performance.now();
    const pictures = tokens.map((each) => each && heatOf(each, spot, shown.drawn, shown.image));
    const scale = shown.drawn.width / shown.image.width;
    heat.show(pictures, sides(), shown.drawn, (context) => ring(context, spot.x * scale, spot.y * scale, "#fff"));
    const hot = pictures.some((picture) => picture);
    wait.hidden = hot || session.maps !== undefined;
    state.textContent = hot ? `Compared with the place at ${Math.round(spot.x)}, ${Math.round(spot.y)} of ${shown.name}.` : "";
    if (!hot) return;
    performance.measure("s2:heat", { start });
    if (!seen) requestAnimationFrame(() => performance.mark("s2:first-view"));
    seen = true;
  };
  const choose = (x: number, y: number) => {
    spot = { x, y };
    for (const chip of spots.querySelectorAll("button")) chip.ariaPressed = String(chip.value === `${x},${y}`);
    drawPhoto(spot);
    drawHeat();
    if (!session.extracted) void attempt(panel, async () => void (await extractOnce()));
  };
  const photo = imageCanvas({
    label: "The image under the lens: choose a place",
    caption: "Move over the image; click a place to compare.",
    onMove: (x, y) => drawPhoto({ x, y }),
    onSpot: choose,
  });
  const begin = ({ image, example }: Shown) => {
    state.textContent = "";
    spot = example?.spots?.[0] ?? { x: image.width / 2, y: image.height / 2 };
    spots.replaceChildren(
      ...(example?.spots ?? []).map(({ name, x, y }, i) => {
        const chip = button(name, () => choose(x, y));
        return Object.assign(chip, { value: `${x},${y}`, ariaPressed: String(i === 0) });
      }),
    );
  };
  const newImage = () => {
    const { shown, plan } = session;
    if (!shown || !plan) return;
    if (shown !== current) begin((current = shown));
    photo.show(shown.drawn, shown.image.width);
    glass.show(shown.image, plan);
    drawPhoto(spot);
  };
  onChange(["plan"], newImage);
  onChange(["plan", "maps", "extracted"], () => {
    tokens = tokensSoFar();
    drawHeat();
  });
  const right = make(
    "figure",
    {},
    make("div", { className: "stack" }, heat.element, wait),
    make("figcaption", {}, "Bright is similar. Drag the border: one scale on the left, all on the right."),
    spots,
    state,
  );
  photo.canvas.addEventListener("pointerleave", () => drawPhoto(spot));
  photo.figure.append(glass.element);
  panel.append(make("div", { className: "panels two" }, photo.figure, right));
}

/** The first scale's tokens come while the others are computed. */
function tokensSoFar(): readonly (ImageTokens | undefined)[] {
  const { extracted, maps, shown, scales } = session;
  if (extracted) return scales.length > 1 ? [takeScales(extracted.tokens, [0]), extracted.tokens] : [extracted.tokens];
  if (!maps?.[0] || !shown) return sides().map(() => undefined);
  return [tokensOfMap(maps[0], [shown.image.height, shown.image.width]), undefined].slice(0, sides().length);
}

function heatOf(tokens: ImageTokens, { x, y }: Spot, drawn: Pixels, image: Pixels): Pixels {
  const box = boxAround(tokens, x, y, 1);
  const heat = { ...tokens.grid, data: similarities(tokens, regionVector(tokens, box)) };
  return heatOver(drawn, image, heat, gridGeometryOf(tokens));
}
