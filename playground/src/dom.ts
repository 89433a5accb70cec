/** DOM helpers: find and create elements, and show errors where they happen. */

/** Returns the element with this id and type. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} with the id "${id}".`);
}

/** Creates an element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function button(text: string, press: () => void, className = ""): HTMLButtonElement {
  const made = make("button", { type: "button", textContent: text, className });
  made.addEventListener("click", press);
  return made;
}

/** Runs work for a section of the page. Its error replaces the section's status in the section's alert; an abort by the user is no error. */
export async function attempt(section: HTMLElement, work: () => void | Promise<void>): Promise<void> {
  const alert = section.querySelector('[role="alert"]')!;
  alert.textContent = "";
  section.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) {
      for (const status of section.querySelectorAll('[role="status"]:not(.lasting)')) status.textContent = ""; // of work before
      alert.textContent = error instanceof Error ? error.message : String(error);
    }
  } finally {
    section.removeAttribute("aria-busy");
  }
}

/** Downloads a file. */
export function download(name: string, content: Uint8Array | string | Blob): void {
  const blob = content instanceof Blob ? content : new Blob([content as BlobPart]);
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Updates a `progress` element. */
export function showProgress(bar: HTMLProgressElement, done: number, of: number): void {
  bar.hidden = false;
  if (of > 0) [bar.max, bar.value] = [of, done];
  else bar.removeAttribute("value");
}
