/** Files that leave the page: tables as CSV, and a head as the two files that `s2 predict` and `readHead` take. */
import { type Head, writeHead } from "s2-vision/heads";
import { attempt, button, download } from "./dom.ts";

/** Creates a button for each file; `head` throws if there is none yet, and the panel shows the error. */
export function headButtons(panel: HTMLElement, head: () => Head | Promise<Head>): HTMLButtonElement[] {
  const file = (name: string, content: "json" | "weights") =>
    button(name, () => void attempt(panel, async () => download(name, writeHead(await head())[content])));
  return [file("head.json", "json"), file("head.safetensors", "weights")];
}

/**
 * Writes rows as CSV. Cells with commas, quotes or line breaks are quoted; a first character that a spreadsheet takes for a formula, as a
 * file's name may have, gets an apostrophe before it.
 */
export function csvOf(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}
