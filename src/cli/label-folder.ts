/** Runs `s2 label`: opens the session on the folder, serves its page until Ctrl-C, and has everything saved then. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { ICON, imagesToLabel, type LabelSession, openLabeling, PAGE, STYLE } from "../label/index.ts";
import { openBrowser, openLabelFolder, pageAnswers, quotePath, servePage } from "../runtimes/node/index.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { featureFolders } from "./inputs.ts";
import { stopSignal, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeMessage, writeResult } from "./output.ts";
import { extractionOf, graphsOf, openModel, sourceOf } from "./plan-flags.ts";

/** Flags of `s2 label`. */
export interface LabelFlags extends SizeFlags, ModelFlags {
  task: "classification" | "segmentation";
  classes?: string[];
  out?: string;
  store: string;
  port?: number;
  open: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Returns the exit status. */
export async function labelFolder(path: string, flags: LabelFlags): Promise<number> {
  const { task, classes, port } = flags;
  const list = flags.out ?? (task === "classification" ? "labels.csv" : "masks.csv");
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each image its own scales, which no head can compare; leave out --dynamic.");
  return untilStopped(async () => {
    const { paths, readStart, files } = await openLabelFolder(path, list);
    const images = await imagesToLabel(path, paths, readStart);
    const model = await openModel(flags);
    const source = await sourceOf(model, flags, featureFolders(path, flags.store));
    const ofTask = task === "segmentation" ? " --task segmentation" : "";
    const command = `s2 fit ${quotePath(path)} --list ${quotePath(list)}${ofTask} --test-fraction 0.2 -o heads/${quotePath(basename(resolve(path)))}`;
    const session = await openLabeling({
      ...{ ...source, extraction: extractionOf(flags), openGraph: graphsOf(flags) },
      ...{ task, list, classes, command, folder: basename(resolve(path)), images, files },
    });
    const page = await servePage(pageAnswers(session, path, await pageFiles()), port);
    const { url } = page;
    const count = `${images.length} ${images.length === 1 ? "photo" : "photos"}`;
    const lines = [`Label ${count} at ${url}`, "Every action is saved at once. Ctrl-C ends."];
    writeResult(flags.json ? jsonLine({ url, images: images.length, list }) : inLines(lines));
    if (flags.open) openBrowser(url);
    void session.extract();
    await new Promise<void>((ended) => {
      if (stopSignal.aborted) ended();
      stopSignal.addEventListener("abort", () => ended(), { once: true });
    });
    await page.close();
    await session.idle();
    if (!flags.quiet && !flags.json) writeMessage(inLines(["", ...(await summary(session, join(path, list), command))]));
    return 0;
  });
}

/** The page; its scripts are files of their own beside the built package. */
async function pageFiles() {
  const script = async (name: string) => ({
    type: "text/javascript",
    body: await readFile(new URL(`../label/page/${name}`, import.meta.url), "utf8"),
  });
  return {
    "/": { type: "text/html; charset=utf-8", body: PAGE },
    "/style.css": { type: "text/css", body: STYLE },
    "/icon.svg": { type: "image/svg+xml", body: ICON },
    "/script.js": await script("script.js"),
    "/run.js": await script("run.js"),
    "/draw.js": await script("draw.js"),
  };
}

async function summary(session: LabelSession, list: string, command: string): Promise<string[]> {
  const { labeled, images } = await session.view();
  const saved = `${labeled} of ${images} labeled -> ${list}`;
  return labeled > 0 ? [saved, `Fit a head to them: ${command}`] : [saved];
}
