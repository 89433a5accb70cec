/** The style and the script of the contact sheet. */

export const STYLE = `
:root { color-scheme: light dark; --page: #f6f6f4; --card: #fff; --ink: #1c1d1f; --soft: #5f6368; --line: #d9d9d5; --fill: #dfe9f7; --main: #1f5fbf; --on: #fff; --warn: #9a5b00; }
@media (prefers-color-scheme: dark) {
  :root { --page: #161719; --card: #212326; --ink: #ececea; --soft: #a5a8ad; --line: #3a3d42; --fill: #2a3a52; --main: #7fb0ff; --on: #10151d; --warn: #f0b35a; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 130px; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 8px 24px; justify-content: space-between; align-items: center; padding: 12px 24px; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { font-size: 18px; margin: 0; }
header p { margin: 0; color: var(--soft); font-size: 14px; }
.save { display: flex; gap: 16px; align-items: center; }
output { color: var(--soft); font-size: 14px; font-variant-numeric: tabular-nums; }
#save { flex: none; font: inherit; font-weight: 600; padding: 8px 16px; border: 0; border-radius: 8px; background: var(--main); color: var(--on); cursor: pointer; }
nav { flex-basis: 100%; display: flex; gap: 8px; overflow-x: auto; }
nav a { flex: none; max-width: 200px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 2px 10px; border: 1px solid var(--line); border-radius: 99px; color: inherit; font-size: 14px; text-decoration: none; }
nav a:hover { border-color: var(--main); }
main, footer { padding: 0 24px; }
h2 { font-size: 17px; margin: 24px 0 12px; overflow-wrap: anywhere; }
h2 small { color: var(--soft); font-weight: 400; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(168px, 44vw), 1fr)); gap: 12px; }
figure { margin: 0; padding: 10px; display: flex; flex-direction: column; gap: 8px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 300px; }
figure.changed { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); }
figure.open { border-color: var(--warn); border-style: dashed; }
.picture { height: 160px; display: grid; place-items: center; color: var(--soft); }
.picture img { max-width: 100%; max-height: 160px; border-radius: 4px; }
figcaption { font-size: 13px; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.choices { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin-top: auto; }
.choices button { display: flex; justify-content: space-between; gap: 8px; font: inherit; font-size: 14px; text-align: start; padding: 5px 9px; color: inherit; border: 1px solid var(--line); border-radius: 6px; background: linear-gradient(90deg, var(--fill) var(--score), transparent var(--score)); cursor: pointer; }
.choices bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.choices span { font-variant-numeric: tabular-nums; }
.choices button:hover, select:hover { border-color: var(--main); }
.choices [aria-pressed="true"], select.chosen { background: var(--main); border-color: var(--main); color: var(--on); font-weight: 600; }
select { font: inherit; font-size: 14px; width: 100%; padding: 5px; color: var(--soft); background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
footer { padding-block: 24px 40px; color: var(--soft); }
footer p { margin: 0; }
pre { overflow-x: auto; padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; color: var(--ink); }
@media (max-width: 600px) { header, main, footer { padding-inline: 12px; } header p { display: none; } .save { flex: 1; justify-content: space-between; } }
`;

export const SCRIPT = `
"use strict";
const figures = [...document.querySelectorAll("figure")];
const classes = document.getElementById("classes").content;
const first = new Map(figures.map((figure) => [figure, figure.dataset.label]));
let saved = true;

function show(figure) {
  const { label } = figure.dataset;
  const select = figure.querySelector("select");
  let pressed = false;
  for (const button of figure.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === label));
    pressed ||= button.value === label;
  }
  select.value = pressed ? "" : label;
  select.classList.toggle("chosen", !pressed && label !== "");
  figure.classList.toggle("open", label === "");
  figure.classList.toggle("changed", label !== "" && label !== first.get(figure));
}

function count() {
  const open = figures.filter((figure) => figure.dataset.label === "").length;
  const changed = figures.filter((figure) => figure.dataset.label !== first.get(figure)).length;
  document.getElementById("count").textContent = changed + " changed, " + open + " without a class";
}

function choose(figure, label) {
  figure.dataset.label = label;
  saved = false;
  show(figure);
  count();
}

// The list of classes may be long, so an image gets it when it is needed.
function fill(event) {
  const select = event.target;
  if (select.tagName !== "SELECT" || select.length > 1) return;
  select.append(classes.cloneNode(true));
}
for (const type of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(type, fill);

document.querySelector("main").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const figure = button.closest("figure");
  choose(figure, figure.dataset.label === button.value ? "" : button.value);
});
document.querySelector("main").addEventListener("change", (event) => choose(event.target.closest("figure"), event.target.value));

document.getElementById("save").addEventListener("click", () => {
  const quoted = (text) => '"' + text.replaceAll('"', '""') + '"';
  const rows = figures.map(({ dataset }) => dataset).filter(({ label }) => label !== "");
  const lines = rows.map(({ path, label }) => quoted(path) + "," + quoted(label));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([["path,label", ...lines, ""].join("\\n")], { type: "text/csv" }));
  link.download = "corrected.csv";
  link.click();
  saved = true;
  document.getElementById("count").textContent = rows.length + " labels saved; what to do next is at the end of this page";
});
addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });

figures.forEach(show);
count();
`;
