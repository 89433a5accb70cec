/** Buttons that download a head as the two files that `s2 predict` and `readHead` take. */
import { type Head, writeHead } from "s2-vision/heads";
import { attempt, button, download } from "./dom.ts";

/** Creates a button for each file; `head` throws if there is none yet, and the panel shows the error. */
export function headButtons(panel: HTMLElement, head: () => Head): HTMLButtonElement[] {
  const file = (name: string, content: "json" | "weights") =>
    button(name, () => void attempt(panel, () => download(name, writeHead(head())[content])));
  return [file("head.json", "json"), file("head.safetensors", "weights")];
}
