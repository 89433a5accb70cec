/** The interface at work: keys, buttons and clicks become actions, which are sent one after the other; the answer is the next state. */
import type { LabelAction, LabelView } from "../view.ts";
import { byId, draw, drawCross, drawIn, type LabelTransport, type PageState, suggestionOf } from "./draw.ts";

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

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

// State of the interface, which a page has once at a time.
let transport: LabelTransport;
let page: PageState;
let view: LabelView | undefined;
let sending: Promise<void>;
let waiting: number;
let frame: HTMLElement;
/** Images that were shown, so that one can go back; going back is no visit. */
let visited: number[];
let back: boolean;
let ended: AbortSignal;

/** Starts the interface in a page or a shadow root that has its markup; the signal ends it. */
export function runInterface(root: Document | ShadowRoot, given: LabelTransport, signal: AbortSignal): void {
  drawIn(root);
  [transport, ended, view] = [given, signal, undefined];
  page = { picture: given.picture, chosen: 0, cross: { x: 0.5, y: 0.5, shown: false }, hidden: false, canGoBack: false };
  [sending, waiting, visited, back] = [Promise.resolve(), 0, [], false];
  frame = byId("frame");
  byId("ending").textContent = given.ending;
  byId("close").hidden = given.close === undefined;
  listen(root);
  void update();
}

function show(next: LabelView): void {
  if (!view) explainKeys(next.task);
  const before = view?.shown?.image;
  view = next;
  if (back) visited.pop();
  else if (before !== undefined && before !== next.shown?.image) visited.push(before);
  back = false;
  page.canGoBack = visited.length > 0;
  page.chosen = Math.min(page.chosen, Math.max(0, next.classes.length - 1));
  draw(next, page);
  const input = byId("new");
  const { activeElement } = input.getRootNode() as Document | ShadowRoot;
  if (next.classes.length === 0 && (!activeElement || activeElement === document.body)) input.focus();
}

const sayAlert = (error?: unknown): void => {
  byId("alert").textContent = error instanceof Error ? error.message : "";
};

/** Sends an action after those before it; `words` say what was done. */
function act(action: LabelAction, words = ""): Promise<void> {
  const signal = ended;
  waiting++;
  sending = sending.then(async () => {
    try {
      const next = await transport.send(action);
      if (signal.aborted) return;
      show(next);
      sayAlert();
      const [said, spoken] = byId("status").children;
      said.textContent = words;
      spoken.textContent = describeShown(next);
    } catch (error) {
      if (signal.aborted) return;
      back = false;
      byId("status").children[0].textContent = "";
      sayAlert(error);
    } finally {
      if (!signal.aborted) waiting--;
    }
  });
  return sending;
}

/** The photo that is next, for those who do not see it change. */
function describeShown(now: LabelView): string {
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
  if (!view.shown?.ready) byId("status").children[0].textContent = "The features of this photo are extracted first; please wait.";
  void act({ do: "click", image, x, y, label: page.chosen });
}

/** Shows the pointer of the keyboard while keys are used on the photo. */
function pointAt(shown: boolean, x = page.cross.x, y = page.cross.y): void {
  page.cross = { x, y, shown };
  drawCross(page);
}
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

function onKey(event: KeyboardEvent): void {
  const target = event.composedPath()[0] as HTMLElement; // also within a shadow root
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (target instanceof HTMLInputElement) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (target === frame && keyOnPhoto(event)) {
    event.preventDefault();
    return;
  }
  if (event.key === "Enter" && target.closest("button, summary")) return; // presses it
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  const press = digit > 0 ? () => choose(digit - 1) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!press || (event.repeat && digit > 0)) return;
  event.preventDefault();
  press();
}

function listen(root: Document | ShadowRoot): void {
  byId("classes").addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    if (button) choose(Number(button.value));
  });
  byId("recent").addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    if (button) open(Number(button.value));
  });
  const presses = { accept, undo, previous, skip, hide, close: () => transport.close?.() };
  for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);
  // After a press by pointer, Enter is for the next photo again and not for the same button.
  const blur = (event: Event) => {
    if ((event as MouseEvent).detail > 0) (event.target as Element).closest("button")?.blur();
  };
  root.addEventListener("click", blur, { signal: ended });
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
  frame.addEventListener("focus", () => pointAt(frame.matches(":focus-visible")));
  for (const type of ["blur", "pointerdown"]) frame.addEventListener(type, () => pointAt(false));
  const photo = byId<HTMLImageElement>("photo");
  photo.addEventListener("load", () => {
    frame.style.setProperty("--ratio", String(photo.naturalWidth / photo.naturalHeight));
    frame.classList.remove("loading");
  });
  photo.addEventListener("error", () => frame.classList.replace("loading", "broken"));
  document.addEventListener("keydown", onKey, { signal: ended });
}

/** Milliseconds between updates while features are made, which bring suggestions. */
const POLL = 1500;

async function update(): Promise<void> {
  const signal = ended;
  try {
    if (waiting === 0) {
      const next = await transport.send();
      if (waiting === 0 && !signal.aborted) show(next); // else the answer of an action is newer
    }
  } catch (error) {
    if (!signal.aborted) sayAlert(error);
  }
  if (!signal.aborted && (!view || view.extracted < view.images)) setTimeout(() => void update(), POLL);
}

function explainKeys(ofTask: LabelView["task"]): void {
  for (const [key, meaning, task = ofTask] of explained) {
    if (task !== ofTask) continue;
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    text.textContent = meaning;
    byId("keys").append(term, text);
  }
}
