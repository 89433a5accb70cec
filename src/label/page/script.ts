/** The page's script: keys, buttons and clicks become actions, which are sent one after the other; the answer is the next state. */
import type { LabelAction, LabelView } from "../view.ts";
import { byId, draw, drawCross, type PageState, suggestionOf } from "./draw.ts";

const page: PageState = { chosen: 0, cross: { x: 0.5, y: 0.5, shown: false }, hidden: false, canGoBack: false };
let view: LabelView | undefined;
let sending: Promise<void> = Promise.resolve();
let waiting = 0;
const frame = byId("frame");
/** Images that were shown, so that one can go back; going back is no visit. */
const visited: number[] = [];
let back = false;

// The token has become a cookie; it does not stay in the address or the history.
history.replaceState(null, "", "/");

async function fetchView(action?: LabelAction): Promise<LabelView> {
  const sent = action && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(action) };
  const response = await fetch(action ? "/act" : "/view", sent);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function show(next: LabelView): void {
  const before = view?.shown?.image;
  view = next;
  if (back) visited.pop();
  else if (before !== undefined && before !== next.shown?.image) visited.push(before);
  back = false;
  page.canGoBack = visited.length > 0;
  page.chosen = Math.min(page.chosen, Math.max(0, next.classes.length - 1));
  draw(next, page);
  if (next.classes.length === 0 && document.activeElement === document.body) byId("new").focus();
}

const sayAlert = (error?: unknown): void => {
  const message = error instanceof Error ? error.message : "";
  byId("alert").textContent = /^(Failed to fetch|NetworkError|Load failed)/.test(message)
    ? "s2 label has ended. Start it again to go on."
    : message;
};

/** Sends an action after those before it; `words` say what was done. */
function act(action: LabelAction, words = ""): Promise<void> {
  waiting++;
  sending = sending.then(async () => {
    try {
      show(await fetchView(action));
      sayAlert();
      const [said, next] = byId("status").children;
      said.textContent = words;
      next.textContent = spoken(view!);
    } catch (error) {
      back = false;
      sayAlert(error);
    } finally {
      waiting--;
    }
  });
  return sending;
}

/** The photo that is next, for those who do not see it change. */
function spoken(now: LabelView): string {
  if (!now.shown) return `${now.labeled} of ${now.images} labeled.`;
  const suggested = suggestionOf(now);
  return `${now.shown.path}${suggested === undefined ? "" : `: suggestion ${now.classes[suggested].name}`}.`;
}

/** Returns true while the photo is on the screen: keys that come before it are dropped, so that no photo is labeled unseen. */
const isSeen = (): boolean => waiting === 0 && !frame.classList.contains("loading");

function label(id: number): void {
  const { shown, classes } = view!;
  if (shown && isSeen()) void act({ do: "label", image: shown.image, label: id }, `${shown.path} is ${classes[id].name}.`);
}

function choose(id: number): void {
  if (!view || id >= view.classes.length) return;
  if (view.task === "classification") label(id);
  else {
    page.chosen = id;
    draw(view, page);
  }
}

function accept(): void {
  const shown = view?.shown;
  if (!view || !shown) return;
  const suggested = suggestionOf(view);
  if (suggested !== undefined) label(suggested);
  else if (shown.mask !== undefined && !shown.labeled && isSeen())
    void act({ do: "accept", image: shown.image }, `The mask of ${shown.path} is saved.`);
}

function undo(): void {
  if (view?.canUndo) void act({ do: "undo" }, "Undone.");
}

function skip(): void {
  if (view?.shown && waiting === 0) void act({ do: "skip", image: view.shown.image });
}

const open = (image: number): void => void act({ do: "show", image });

function previous(): void {
  const image = visited.at(-1);
  if (image === undefined || waiting > 0) return;
  back = true;
  void act({ do: "show", image });
}

function hide(): void {
  page.hidden = !page.hidden;
  if (view) draw(view, page);
}

function click(x: number, y: number): void {
  const image = view?.shown?.image;
  if (view?.task !== "segmentation" || image === undefined) return;
  if (view.classes.length === 0) {
    sayAlert(new Error("Name a class first."));
    byId("new").focus();
    return;
  }
  void act({ do: "click", image, x, y, label: page.chosen });
}

byId("classes").addEventListener("click", (event) => {
  const button = (event.target as Element).closest("button");
  if (button) choose(Number(button.value));
});
byId("recent").addEventListener("click", (event) => {
  const button = (event.target as Element).closest("button");
  if (button) open(Number(button.value));
});
for (const [id, press] of Object.entries({ accept, undo, previous, skip, hide })) byId(id).addEventListener("click", press);
// After a press by pointer, Enter is for the next photo again and not for the same button.
document.addEventListener("click", (event) => {
  if (event.detail > 0) (event.target as Element).closest("button")?.blur();
});
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = byId<HTMLInputElement>("new");
  const name = input.value;
  void act({ do: "class", name }).then(() => {
    if (view?.classes.some((each) => each.name === name.normalize("NFC").trim().replace(/\s+/g, " "))) input.value = "";
  });
});

frame.addEventListener("click", (event) => {
  const box = frame.getBoundingClientRect();
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  click(inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height));
});
/** Shows the pointer of the keyboard while keys are used on the photo. */
function pointAt(shown: boolean, x = page.cross.x, y = page.cross.y): void {
  page.cross = { x, y, shown };
  drawCross(page);
}
frame.addEventListener("focus", () => pointAt(frame.matches(":focus-visible")));
for (const type of ["blur", "pointerdown"]) frame.addEventListener(type, () => pointAt(false));
const photo = byId<HTMLImageElement>("photo");
photo.addEventListener("load", () => {
  frame.style.setProperty("--ratio", String(photo.naturalWidth / photo.naturalHeight));
  frame.classList.remove("loading");
});
photo.addEventListener("error", () => frame.classList.replace("loading", "broken"));

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Keys on the photo of a mask. Returns true for one that was used. */
function keyOnPhoto(event: KeyboardEvent): boolean {
  if (event.key === " ") {
    click(page.cross.x, page.cross.y);
    return true;
  }
  const move = moves[event.key];
  if (!move) return false;
  const step = event.shiftKey ? 0.005 : 0.04;
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  pointAt(true, inside(page.cross.x + step * move[0]), inside(page.cross.y + step * move[1]));
  return true;
}

const keys: Readonly<Record<string, () => void>> = {
  ...{ Enter: accept, Backspace: undo, n: skip, p: previous, m: hide },
  ...{ ArrowRight: skip, ArrowLeft: previous, c: () => byId("new").focus() },
};

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (target instanceof HTMLInputElement) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (target === frame && keyOnPhoto(event)) return event.preventDefault();
  if (event.key === "Enter" && target.closest("button, summary")) return; // presses it
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  const press = digit > 0 ? () => choose(digit - 1) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!press || (event.repeat && digit > 0)) return;
  event.preventDefault();
  press();
});

const explained: readonly (readonly [string, string, string?])[] = [
  ["1-9", "choose a class"],
  ["Enter", "accept the suggestion"],
  ["Backspace", "undo"],
  ["N", "skip to the next photo"],
  ["P", "back to the previous photo"],
  ["C", "name a new class"],
  ["M", "hide or show the mask", "segmentation"],
  ["Arrows", "on the photo: move the pointer", "segmentation"],
  ["Space", "on the photo: a point of the chosen class", "segmentation"],
];

/** Milliseconds between updates while features are made, which bring suggestions. */
const POLL = 1500;

async function update(): Promise<void> {
  try {
    if (waiting === 0) {
      const next = await fetchView();
      if (waiting === 0) show(next); // else the answer of an action is newer
    }
  } catch (error) {
    sayAlert(error);
  }
  if (!view || view.extracted < view.images) setTimeout(() => void update(), POLL);
}

await update();
for (const [key, meaning, task] of explained) {
  if (task !== undefined && task !== view?.task) continue;
  const [term, text] = [document.createElement("dt"), document.createElement("dd")];
  term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  text.textContent = meaning;
  byId("keys").append(term, text);
}
