/** A head as the two files that `s2 predict` and `readHead` take. */
import { type Head, writeHead } from "s2-vision/heads";
import { attempt, button, download } from "./dom.ts";

/** A button for each file; `head` throws where there is none yet, and the panel says so. */
export function headButtons(panel: HTMLElement, head: () => Head): HTMLButtonElement[] {
  const file = (name: string, part: "json" | "weights") =>
    button(name, () => void attempt(panel, () => download(name, writeHead(head())[part])));
  return [file("head.json", "json"), file("head.safetensors", "weights")];
}
