/** The page that replays test episodes of the robot experiment, with the features of one scale and with S², side by side. */
import { type EpisodeFile, posesOf, STEPS_PER_SECOND } from "../../research/src/robot/episode-file.ts";
import { byId } from "../src/dom.ts";
import { cameras, viewOf } from "./cameras.ts";
import { clock } from "./clock.ts";
import address from "./episodes.json?url";
import { panel } from "./panel.ts";
import { tableMap } from "./table-map.ts";
import { controlSentence } from "./words.ts";

void start().catch((error) => {
  document.querySelector('[role="alert"]')!.textContent = `The episodes could not be loaded: ${error.message}`;
});

async function start(): Promise<void> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
  const file: EpisodeFile = await answer.json();
  const { conditions, control, placements, replayed, seeds } = file;
  const panels = conditions.map((condition, i) => panel(file, condition, i === 0 ? "1x" : "S²"));
  byId("panels", HTMLDivElement).replaceChildren(...panels.map(({ element }) => element));
  const [camera, found] = [byId("camera", HTMLSelectElement), byId("found", HTMLInputElement)];
  camera.append(...cameras.map(({ name }, i) => new Option(name, String(i))));
  let chosen = 0;

  const draw = (time: number) => {
    const view = viewOf(Number(camera.value), replayed[chosen]);
    for (const each of panels) each.draw(time, view, found.checked);
  };
  const time = clock(draw);
  const map = tableMap(file, (index) => {
    choose(index);
    const pictures = byId("panels", HTMLDivElement);
    if (pictures.getBoundingClientRect().top < 0) pictures.scrollIntoView(); // on a phone the map is below them
  });
  function choose(index: number): void {
    chosen = (index + replayed.length) % replayed.length;
    const episodes = conditions.map(({ episodes }) => posesOf(file, episodes[chosen]));
    for (const [i, each] of panels.entries()) each.show(chosen, episodes[i]);
    map.choose(chosen);
    byId("chosen", HTMLParagraphElement).textContent = `${chosen + 1} of ${replayed.length}`;
    time.start(Math.max(...episodes.map(({ length }) => length)) - 1);
  }
  byId("previous", HTMLButtonElement).addEventListener("click", () => choose(chosen - 1));
  byId("next", HTMLButtonElement).addEventListener("click", () => choose(chosen + 1));
  for (const input of [camera, found]) input.addEventListener("change", () => time.draw());
  byId("table", HTMLDivElement).replaceWith(map.element);
  byId("legend", HTMLUListElement).replaceChildren(...map.legend);
  byId("note", HTMLParagraphElement).textContent =
    `Seen from above, the arm beyond the upper edge. Left half filled: picked with 1x; right half: with S² (${conditions[1].features}). All ${placements.length} test placements with the policy of seed ${seeds[0]}; the first ${replayed.length}, the larger dots, can be replayed.`;
  byId("about", HTMLParagraphElement).textContent =
    `Percentages: cubes picked at all ${placements.length} test placements by the policies of ${seeds.length} seeds, with 95 % intervals. ${controlSentence(conditions[1], control)} Poses were recorded at ${STEPS_PER_SECOND} Hz in MuJoCo and are drawn here by the renderer of the policy's pictures.`;
  choose(0);
  performance.mark("s2:robot");
}
