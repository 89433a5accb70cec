/** Draws the state of the labeling; names of files and classes are only ever text. This file runs in the browser and imports types alone. */
import type { LabelAction, LabelView } from "../view.ts";

/** Connects the interface to a session: in the page itself, or behind a server. */
export interface LabelTransport {
  /** Does an action, where one is given, and returns the state. */
  send(action?: LabelAction): Promise<LabelView>;
  /** Returns the address of an image's picture; a mask has the version that the state gives. */
  picture(kind: "image" | "small" | "mask", image: number, version?: number): string | Promise<string>;
  /** Sentence that says how labeling ends and goes on. */
  readonly ending: string;
  /** Ends labeling; without it there is no button for that. */
  readonly close?: () => void;
}

/** Root of the interface: a page has one at a time. */
let root: Document | ShadowRoot;
export const byId = <T extends HTMLElement>(id: string): T => root.getElementById(id) as T;
export const drawIn = (given: Document | ShadowRoot): void => void (root = given);

/** State of the page alone: the class of the next click, the pointer of the keyboard in fractions, and true while the mask is hidden. */
export interface PageState {
  readonly picture: LabelTransport["picture"];
  chosen: number;
  cross: { x: number; y: number; shown: boolean };
  hidden: boolean;
  /** True if there is a photo to go back to. */
  canGoBack: boolean;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = "", className = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** Returns the class with the largest score, undefined without scores. */
export function suggestionOf({ shown }: LabelView): number | undefined {
  if (!shown?.scores || shown.label !== undefined) return undefined;
  return shown.scores.indexOf(Math.max(...shown.scores));
}

/** Draws everything but what the person types. */
export function draw(view: LabelView, page: PageState): void {
  const { task, shown } = view;
  byId("app").dataset.task = task;
  document.title = `${view.labeled} of ${view.images} labeled: ${view.folder}`;
  setText(byId("folder"), view.folder);
  setText(byId("task"), task === "classification" ? "classes" : "masks");
  byId<HTMLProgressElement>("bar").value = view.labeled / view.images;
  setText(byId("count"), `${view.labeled} of ${view.images} labeled`);
  setText(byId("features"), featuresInWords(view));
  byId("features").classList.toggle("wrong", view.issue !== undefined);
  byId("features").title = view.failed.map(({ path, reason }) => `${path}: ${reason}`).join("\n");
  setText(byId("list"), view.list);
  for (const code of root.querySelectorAll(".command")) setText(code, view.command);
  drawStage(view, page);
  drawClasses(view, page);
  drawActions(view, page);
  drawRecent(view, page);
  byId("done").hidden = shown !== undefined;
  setText(byId("done-title"), view.labeled === view.images ? "All photos are labeled" : "There is no photo left to label");
}

function featuresInWords({ extracted, images, failed, issue }: LabelView): string {
  if (issue !== undefined) return `Features stopped: ${issue}`;
  const unusable = failed.length > 0 ? `${failed.length} cannot be read` : "";
  return [extracted < images ? `Features: ${extracted} of ${images}` : "", unusable].filter((each) => each !== "").join(", ");
}

function drawStage({ task, shown, classes }: LabelView, page: PageState): void {
  const frame = byId("frame");
  frame.hidden = shown === undefined;
  setText(byId("name").firstElementChild!, shown?.path ?? "");
  if (!shown) return;
  const [photo, mask] = [byId<HTMLImageElement>("photo"), byId<HTMLImageElement>("mask")];
  if (photo.dataset.of !== String(shown.image)) {
    frame.classList.remove("broken");
    frame.classList.add("loading");
    for (const each of [photo, mask]) removePicture(each); // of the photo before
    setPicture(photo, String(shown.image), page.picture("image", shown.image));
    photo.alt = shown.path;
    page.cross = { ...page.cross, x: 0.5, y: 0.5 };
  }
  const hasPoints = task === "segmentation";
  frame.classList.toggle("points", hasPoints);
  if (hasPoints && frame.tabIndex !== 0) {
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    frame.setAttribute(
      "aria-label",
      "Photo: arrow keys move the pointer, with Shift in small steps; Space gives the class to the point",
    );
  }
  mask.hidden = shown.mask === undefined || page.hidden;
  if (shown.mask === undefined) removePicture(mask);
  else if (mask.dataset.of !== String(shown.mask))
    setPicture(mask, String(shown.mask), page.picture("mask", shown.image, shown.mask));
  byId("dots").replaceChildren(
    ...(shown.clicks ?? []).map(({ x, y, label }) => {
      const dot = make("i");
      moveTo(dot, x, y);
      dot.style.backgroundColor = classes[label].color;
      return dot;
    }),
  );
  drawCross(page);
}

/** Shows a picture once its address is known, unless another is wanted by then. */
function setPicture(element: HTMLImageElement, of: string, address: string | Promise<string>): void {
  element.dataset.of = of;
  Promise.resolve(address).then(
    (source) => {
      if (element.dataset.of === of) element.src = source;
    },
    () => {
      if (element.dataset.of === of) element.dispatchEvent(new Event("error"));
    },
  );
}

function removePicture(element: HTMLImageElement): void {
  element.removeAttribute("src");
  delete element.dataset.of;
}

export function drawCross({ cross }: PageState): void {
  const element = byId("cross");
  element.hidden = !cross.shown;
  moveTo(element, cross.x, cross.y);
}

function moveTo(element: HTMLElement, x: number, y: number): void {
  element.style.left = `${100 * x}%`;
  element.style.top = `${100 * y}%`;
}

function drawClasses(view: LabelView, page: PageState): void {
  const { task, shown, classes } = view;
  const suggested = suggestionOf(view);
  const isMasks = task === "segmentation";
  const question = isMasks ? "Class of the next point" : "Class of this photo";
  setText(byId("question"), shown === undefined ? "Done" : classes.length === 0 ? "Name your classes" : question);
  setText(byId("hint"), hintOf(view));
  const group = byId("classes");
  group.hidden = byId("add").hidden = shown === undefined;
  while (group.children.length > classes.length) group.lastChild!.remove();
  for (const [id, { name, color, count }] of classes.entries()) {
    const button = (group.children[id] as HTMLButtonElement | undefined) ?? group.appendChild(newButton(id, isMasks, color));
    const score = shown?.label === undefined ? shown?.scores?.[id] : undefined;
    const pressed = isMasks ? page.chosen === id : shown?.label === id;
    button.setAttribute("aria-pressed", String(pressed));
    button.classList.toggle("suggested", id === suggested);
    button.style.setProperty("--score", `${score === undefined ? 0 : Math.round(100 * score)}%`);
    setText(button.querySelector("bdi")!, name);
    button.title = name;
    setText(
      button.querySelector(".note")!,
      score === undefined ? (count > 0 ? String(count) : "") : `${Math.round(100 * score)} %`,
    );
  }
}

function newButton(id: number, isMasks: boolean, color: string): HTMLButtonElement {
  const button = make("button");
  button.type = "button";
  button.value = String(id);
  const keys = make("span", "", "keys");
  if (id < 9) keys.append(make("kbd", String(id + 1)));
  if (isMasks) {
    const swatch = make("span", "", "swatch");
    swatch.style.backgroundColor = color;
    keys.append(swatch);
  }
  button.append(keys, make("bdi"), make("span", "", "note"));
  return button;
}

function hintOf(view: LabelView): string {
  const { task, shown, classes, extracted, images } = view;
  if (!shown) return "Press a photo below to correct it.";
  if (classes.length < 2) return "Add at least two; more can follow at any time.";
  if (task === "classification") {
    if (suggestionOf(view) !== undefined) return "The most unsure photo comes next; Enter takes the suggestion.";
    return shown.label === undefined && extracted < images
      ? "Suggestions begin once features are there; label on meanwhile."
      : "";
  }
  if (!shown.ready) return "Features of this photo come next; a click waits for them.";
  if (shown.labeled) return "This mask is saved; further points correct it.";
  return shown.mask === undefined
    ? "Click a point of each class on the photo."
    : "Correct the mask by further points, or accept it.";
}

function drawActions(view: LabelView, page: PageState): void {
  const { task, shown, classes, canUndo } = view;
  const accept = byId<HTMLButtonElement>("accept");
  const suggested = suggestionOf(view);
  const isMasks = task === "segmentation";
  const mask = isMasks && shown?.mask !== undefined && !shown.labeled;
  accept.hidden = shown === undefined || classes.length === 0;
  accept.disabled = isMasks ? !mask : suggested === undefined;
  setText(
    accept.firstElementChild!,
    isMasks ? "Accept mask" : suggested === undefined ? "No suggestion yet" : `Accept ${classes[suggested].name}`,
  );
  byId<HTMLButtonElement>("undo").disabled = !canUndo;
  byId<HTMLButtonElement>("previous").disabled = !page.canGoBack;
  byId<HTMLButtonElement>("skip").disabled = shown === undefined;
  setText(byId("skip").firstElementChild!, shown?.labeled ? "Next" : "Skip");
  const hide = byId<HTMLButtonElement>("hide");
  hide.hidden = !isMasks;
  hide.disabled = shown?.mask === undefined;
  hide.setAttribute("aria-pressed", String(page.hidden));
}

function drawRecent({ task, recent, shown }: LabelView, page: PageState): void {
  const list = byId("recent").querySelector("ol")!;
  const known = new Map(Array.from(list.children, (item) => [item.querySelector("button")!.value, item]));
  const items = recent.map(({ image, path, label }) => {
    const item = known.get(String(image)) ?? recentItem(image, path, page); // pictures that are there are not loaded again
    const button = item.querySelector("button")!;
    if (image === shown?.image) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    setText(button.querySelector("bdi")!, task === "classification" ? label : path.slice(path.lastIndexOf("/") + 1));
    return item;
  });
  const isSame = items.length === list.children.length && items.every((item, i) => item === list.children[i]);
  if (!isSame) list.replaceChildren(...items);
}

function recentItem(image: number, path: string, page: PageState): HTMLLIElement {
  const [item, button, picture] = [make("li"), make("button"), make("img")];
  button.type = "button";
  button.value = String(image);
  button.title = path;
  setPicture(picture, String(image), page.picture("small", image));
  picture.alt = "";
  button.append(picture, make("bdi"));
  item.append(button);
  return item;
}
