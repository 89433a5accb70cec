/** Tabs after the ARIA practices: arrow keys move between them. */
import { byId, make } from "./dom.ts";

/** Adds a tab and returns its panel, which has an alert for errors and fires "show" when it becomes visible. */
export function addTab(id: string, title: string, intro: string): HTMLElement {
  const list = byId("tabs", HTMLDivElement);
  const tab = make("button", { type: "button", id: `tab-${id}`, textContent: title });
  const panel = make("div", { id: `panel-${id}`, className: "panel" }, make("p", { className: "intro", textContent: intro }));
  const alert = make("p", { className: "error" });
  alert.setAttribute("role", "alert");
  panel.append(alert);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  tab.addEventListener("click", () => {
    select(tab);
    const stage = list.parentElement!;
    if (stage.getBoundingClientRect().top < 0) stage.scrollIntoView(); // on a phone the tabs stay visible, the start of the panel would not
  });
  tab.addEventListener("keydown", ({ key }) => {
    const tabs = all();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    select(next);
    next.focus();
  });
  list.append(tab);
  list.parentElement!.append(panel);
  select(all()[0]);
  return panel;
}

const all = () => [...byId("tabs", HTMLDivElement).querySelectorAll<HTMLButtonElement>("[role=tab]")];

function select(chosen: HTMLButtonElement): void {
  for (const tab of all()) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    const panel = byId(tab.getAttribute("aria-controls")!, HTMLDivElement);
    panel.hidden = tab !== chosen;
    if (!panel.hidden) panel.dispatchEvent(new Event("show"));
  }
}
