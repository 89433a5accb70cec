/** Elements: found by id, made, and what goes wrong said in words in the part of the page where it happened. */

/** The element of that id and kind; the page's own HTML is wrong where there is none. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} with the id "${id}".`);
}

/** An element with properties and children. */
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

/** Runs work for a part of the page; an error becomes the text of its alert. Ended by the user is no error. */
export async function attempt(part: HTMLElement, work: () => void | Promise<void>): Promise<void> {
  const alert = part.querySelector('[role="alert"]')!;
  alert.textContent = "";
  part.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) {
      alert.textContent = error instanceof Error ? error.message : String(error);
    }
  } finally {
    part.removeAttribute("aria-busy");
  }
}

/** Gives a file to the user. */
export function download(name: string, content: Uint8Array | string | Blob): void {
  const blob = content instanceof Blob ? content : new Blob([content as BlobPart]);
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** One `progress` element. */
export function showProgress(bar: HTMLProgressElement, done: number, of: number): void {
  bar.hidden = false;
  if (of > 0) [bar.max, bar.value] = [of, done];
  else bar.removeAttribute("value");
}
