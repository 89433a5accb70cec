/** The list of sorted images, which predictions.csv and predictions.json hold. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import type { Output } from "./refuse-foreign.ts";
import { readVersion } from "./version.ts";

/** A sorted image as predictions.csv and predictions.json have it. */
export interface SortedImage {
  /** Path of the copy below the folder, with "/". */
  readonly path: string;
  readonly class: string;
  /** Score of the class: a probability, except for ridge. */
  readonly confidence: number;
  /** The class with the second highest score. */
  readonly second: string;
  readonly secondConfidence: number;
  /** Path of the image that was copied, from the folder. */
  readonly source: string;
}

/** Folder of images below the least confidence. */
export const UNSURE = "unsure";

/** Name of the folder that a sorted image is in. */
export const folderOf = (path: string): string => path.slice(0, path.indexOf("/"));

/** Lists the JSON, the CSV and the contact sheet of a folder. */
export function reportsIn(folder: string): Output[] {
  const json = join(folder, "predictions.json");
  return [{ path: json }, ...["csv", "html"].map((format) => ({ path: join(folder, `predictions.${format}`), beside: json }))];
}

/** Reads what an earlier run put into the folder. */
export function readEarlier(folder: string): { readonly images: readonly SortedImage[]; readonly text?: string } {
  const path = join(folder, "predictions.json");
  if (!existsSync(path)) return { images: [] };
  const text = readFileSync(path, "utf8");
  try {
    const { images } = JSON.parse(text) as { images: SortedImage[] };
    if (images.every((each) => /^[^/]+\/[^/]+$/.test(each.path) && typeof each.source === "string")) return { images, text };
  } catch {}
  throw new S2Error("write", `${path} is damaged. Move it away, or give --sort-into another folder.`);
}

/** The list as JSON, an image a line. */
export function jsonOf(images: readonly SortedImage[], classes: readonly string[]): string {
  const lines = images.map((image) => `\n    ${JSON.stringify(image)}`);
  return `{\n  "s2_vision": ${JSON.stringify(readVersion())},\n  "classes": ${JSON.stringify(classes)},\n  "images": [${lines}\n  ]\n}\n`;
}

/** The table that `s2 fit --list predictions.csv` reads too. Texts are always quoted, so that spaces at their ends stay. */
export function csvOf(images: readonly SortedImage[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = images.map((image) =>
    [
      quoted(image.path),
      quoted(image.class),
      image.confidence,
      quoted(image.second),
      image.secondConfidence,
      quoted(image.source),
    ].join(","),
  );
  return `${["path,class,confidence,second,second confidence,source", ...lines].join("\n")}\n`;
}
