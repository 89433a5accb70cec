/** The tab that opens a folder of photos to label: by class or by clicks, saved in the folder as `s2 label` saves it. */
import type { LabelingOptions } from "s2-vision/label";
import { chooseFolder } from "./choose-folder.ts";
import { attempt, button, make } from "./dom.ts";

const choices = [
  ["classification", "Classes", "one for each photo, by keys 1 to 9", "labels.csv"],
  ["segmentation", "Masks", "a class for each pixel, from a few clicks", "masks/, masks.csv, classes.txt"],
] as const;

export function setUpLabel(panel: HTMLElement): void {
  if (window.showDirectoryPicker) panel.append(...controls(panel));
  else panel.append(...otherWays());
}

function controls(panel: HTMLElement): HTMLElement[] {
  const group = make("fieldset", { className: "choices" }, make("legend", { textContent: "What to label" }));
  for (const [value, name, meaning, files] of choices) {
    const input = make("input", { type: "radio", name: "label-task", value, checked: value === choices[0][0] });
    const text = make("span", {}, make("b", { textContent: name }), ` ${meaning} `, make("code", { textContent: files }));
    group.append(make("label", {}, input, text));
  }
  const state = make("p", { className: "hint", id: "label-state" });
  state.setAttribute("role", "status");
  const command = make("pre", { hidden: true });
  const open = () =>
    attempt(panel, async () => {
      command.hidden = true;
      state.textContent = "";
      const folder = await chooseFolder();
      if (!folder) {
        state.textContent =
          "No folder was opened. Choose one, and allow the browser to save changes in it: that is where labels go.";
        return;
      }
      const task = group.querySelector<HTMLInputElement>("input:checked")!.value as LabelingOptions["task"];
      const { labelFolder } = await import("./label-folder.ts");
      const done = await labelFolder(folder, task, (text) => {
        state.textContent = text;
      });
      state.textContent = done.summary;
      command.textContent = done.command;
      command.hidden = false;
      start.focus();
    });
  const start = button("Open a folder…", () => void open(), "main");
  start.id = "label-open";
  const forget = () =>
    attempt(panel, async () => {
      const { forgetFeatures } = await import("./kept-features.ts");
      await forgetFeatures();
      state.textContent = "No features of labeled folders are kept now; labels stay in their folders.";
    });
  const notes = [
    "The files are those of s2 label: either goes on from the other, and so does this page when you open the folder again. Files of other programs are not overwritten.",
    "Suggestions come from the model and the scales that are chosen on this page; fewer scales are faster. Features are kept in this browser, so that the model runs once for each photo.",
  ];
  return [
    group,
    make("div", { className: "row" }, start),
    state,
    command,
    make("ul", { className: "hint" }, ...notes.map((textContent) => make("li", { textContent }))),
    make(
      "div",
      { className: "row" },
      button("Remove kept features", () => void forget()),
    ),
  ];
}

/** Advice for a browser that gives no page a folder. */
function otherWays(): HTMLElement[] {
  const code = (textContent: string) => make("code", { textContent });
  const sort = button("Open the tab Sort", () => document.getElementById("tab-sort")!.click());
  return [
    make(
      "p",
      { id: "label-state" },
      "This browser gives pages no folder to save in (it lacks the File System Access API). Instead:",
    ),
    make(
      "ul",
      {},
      make("li", {}, "open this page in Chrome, Edge or another browser made from Chromium, with https or on localhost;"),
      make("li", {}, "or run ", code("npx s2 label photos/"), ", whose page is the same in every browser;"),
      make("li", {}, "or add photos under Find and label them under Sort: their labels leave as a CSV file."),
    ),
    make("div", { className: "row" }, sort),
  ];
}
