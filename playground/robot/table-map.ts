/** A map of the table, seen from above: a dot at each placement of the cube, its left half filled where 1x picked it, its right half where S² did. */
import type { EpisodeFile } from "../../research/src/robot/episode-file.ts";
import { AREA } from "../../research/src/robot/scene.ts";
import { make } from "../src/dom.ts";

/** Space around the area of the placements in mm. */
const MARGIN = 14;
const [NEAR, FAR] = [1000 * AREA.near - MARGIN, 1000 * AREA.far + MARGIN];
const [LEFT, RIGHT] = [1000 * AREA.left - MARGIN, 1000 * AREA.right + MARGIN];
const RADIUS = 4;
/** Names of the sides that pick a cube, by the sum of 1 for the left and 2 for the right. */
const NAMES = ["neither", "1x alone", "S² alone", "both"];

export interface TableMap {
  readonly element: HTMLElement;
  /** Items that explain the dots, with their numbers. */
  readonly legend: readonly HTMLElement[];
  choose(index: number): void;
}

/** Draws the map; a click on a placement that is replayed calls `choose` with its index. */
export function tableMap({ placements, replayed, conditions }: EpisodeFile, choose: (index: number) => void): TableMap {
  const pickedBy = placements.map((_, i) =>
    conditions.reduce((sum, { outcomes }, side) => sum + (outcomes[i] === "picked" ? 1 << side : 0), 0),
  );
  const others = placements
    .map(([x, y], i) => ({ x, y, sides: pickedBy[i] }))
    .slice(replayed.length)
    .map(({ x, y, sides }) => `${halfDot(x, y, 0, sides)}${halfDot(x, y, 1, sides)}`);
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", `${LEFT} ${NEAR} ${RIGHT - LEFT} ${FAR - NEAR}`);
  picture.setAttribute("aria-hidden", "true");
  picture.innerHTML = others.join("");
  const buttons = replayed.map((_, i) => {
    const [x, y] = placements[i];
    const button = make("button", { type: "button", className: dotClass(pickedBy[i]) });
    button.setAttribute("aria-label", `Placement ${i + 1}, picked by ${NAMES[pickedBy[i]]}`);
    button.style.left = `${(100 * (y - LEFT)) / (RIGHT - LEFT)}%`;
    button.style.top = `${(100 * (x - NEAR)) / (FAR - NEAR)}%`;
    button.addEventListener("click", () => choose(i));
    return button;
  });
  const element = make("div", { id: "table" }, picture, ...buttons);
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Placements that can be replayed");
  return {
    element,
    legend: [3, 2, 1, 0].map((sides) =>
      make(
        "li",
        {},
        make("span", { className: dotClass(sides) }),
        `${NAMES[sides]}: ${pickedBy.filter((each) => each === sides).length}`,
      ),
    ),
    choose(index) {
      for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(i === index));
    },
  };
}

const dotClass = (sides: number) => `dot ${sides & 1 ? "left" : ""} ${sides & 2 ? "right" : ""}`;

/** Writes half a disc, filled where that side picks. */
function halfDot(x: number, y: number, side: number, sides: number): string {
  const arc = `M ${y} ${x - RADIUS} A ${RADIUS} ${RADIUS} 0 0 ${side} ${y} ${x + RADIUS}`;
  return `<path class="${(sides >> side) & 1 ? "yes" : "no"}" d="${arc}"/>`;
}
