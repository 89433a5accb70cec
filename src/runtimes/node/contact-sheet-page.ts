/** Style and script of the contact sheet, beside the style that all sheets share. */

export const STYLE = `
.save { display: flex; gap: 16px; align-items: center; }
output { color: var(--soft); font-size: 14px; font-variant-numeric: tabular-nums; }
#save { flex: none; font: inherit; font-weight: 600; padding: 8px 16px; border: 0; border-radius: 8px; background: var(--main); color: var(--on); cursor: pointer; }
figure.changed { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); }
figure.open { border-color: var(--warn); border-style: dashed; }
.choices { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin-top: auto; }
.choices button { display: flex; justify-content: space-between; gap: 8px; font: inherit; font-size: 14px; text-align: start; padding: 5px 9px; color: inherit; border: 1px solid var(--line); border-radius: 6px; background: linear-gradient(90deg, var(--fill) var(--score), transparent var(--score)); cursor: pointer; }
.choices bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.choices span { font-variant-numeric: tabular-nums; }
.choices button:hover, select:hover { border-color: var(--main); }
.choices [aria-pressed="true"], select.chosen { background: var(--main); border-color: var(--main); color: var(--on); font-weight: 600; }
select { font: inherit; font-size: 14px; width: 100%; padding: 5px; color: var(--soft); background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
pre { overflow-x: auto; padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; color: var(--ink); }
@media (max-width: 600px) { .save { flex: 1; justify-content: space-between; } }
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
