/** The labeling interface within a page of its own, in a shadow root: neither page's style or ids meet the other's. */
import type { LabelTransport } from "./draw.ts";
import { MARKUP } from "./html.ts";
import { runInterface } from "./run.ts";
import { STYLE } from "./style.ts";

/**
 * Shows the labeling interface in an element, which covers the page, until the signal aborts. A page shows one at a time; custom properties of
 * the element give it colors (`var` in the style sheet).
 */
export function showLabeling(element: HTMLElement, transport: LabelTransport, signal: AbortSignal): void {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet(); // which a Content-Security-Policy allows, unlike a style element
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];
  root.innerHTML = MARKUP;
  const { title } = document;
  signal.addEventListener("abort", () => {
    root.replaceChildren();
    document.title = title;
  });
  runInterface(root, transport, signal);
}
