/** Additions to TypeDoc's script: a button for light and dark in the toolbar, and a sidebar whose first sections are open. */
const select = document.getElementById("tsd-theme");
const button = document.createElement("button");
button.className = "tsd-widget theme-button";
button.type = "button";
button.innerHTML =
  '<svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" stroke-width="2"/><path d="M9 2a7 7 0 0 1 0 14z" fill="currentColor"/></svg>';

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}
function setLabel() {
  button.ariaLabel = button.title = isDark() ? "Use light colors" : "Use dark colors";
}
button.addEventListener("click", () => {
  select.value = isDark() ? "light" : "dark";
  select.dispatchEvent(new Event("change"));
  setLabel();
});
setLabel();
document.getElementById("tsd-search-trigger").before(button);

const sidebar = document.getElementById("tsd-nav-container");
new MutationObserver((_, observer) => {
  if (!sidebar.querySelector("details")) return;
  observer.disconnect();
  for (const summary of sidebar.querySelectorAll('[data-key="Start"], [data-key="Guides"], [data-key="API reference"]'))
    if (localStorage.getItem(`tsd-accordion-${summary.dataset.key}`) === null) summary.parentElement.open = true;
}).observe(sidebar, { childList: true });
/** Lets content that is wider than its box scroll, by keyboard too. */
const watchWidth = new ResizeObserver((entries) => {
  for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
for (const wide of document.querySelectorAll(".tsd-typography table, .tsd-typography pre code")) watchWidth.observe(wide);
