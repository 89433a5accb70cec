/** Runs `s2 duplicates`: signs each image, groups them, prints the groups. */
import { relative } from "node:path";
import { findImages } from "../node.ts";
import { type DuplicateOptions, findDuplicates, type ImageSignature } from "../retrieval/index.ts";
import {
  checkSheetPath,
  describeDuplicates,
  duplicateExtraction,
  duplicatesSheet,
  signImages,
  writeImageSheet,
} from "../runtimes/node/index.ts";
import { sentence, status } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeMessage, writeResult } from "./output.ts";
import { openModel, sourceOf } from "./plan-flags.ts";
import { damagedNote, failedLine, openProgress, type PrintFlags, printUndecoded } from "./progress.ts";

/** Flags of `s2 duplicates`. */
export interface DuplicateFlags extends ModelFlags, PrintFlags, DuplicateOptions {
  html?: string;
  store: string;
}

/** Returns the exit status. */
export async function findDuplicatesIn(given: readonly string[], flags: DuplicateFlags): Promise<number> {
  const { html, json, quiet, store, minSimilarity, maxDifference } = flags;
  findDuplicates([], { minSimilarity, maxDifference }); // refuses invalid thresholds before the model runs
  if (html) checkSheetPath(html);
  const { images, undecoded } = await findImages(given, store);
  return untilStopped(async () => {
    const model = await openModel(flags);
    const progress = await openProgress(images.length, flags);
    const signatures: ImageSignature[] = [];
    let [failed, damaged] = [0, 0];
    const fail = (image: string, reason: string) => {
      failed++;
      progress.log(failedLine(image, reason));
    };
    for (const { path, missing } of images) if (missing) fail(path, sentence(missing));
    try {
      const names = images.filter(({ missing }) => !missing).map(({ path }) => relative(".", path));
      const source = await sourceOf(model, flags, { base: process.cwd(), home: store });
      const extraction = {
        ...{ ...source, extraction: duplicateExtraction },
        onImage: ({ stale }: { stale?: readonly string[] }) => void (stale?.includes("file") && damaged++),
      };
      for await (const each of signImages(names, extraction)) {
        if ("issue" in each) fail(each.image, each.issue);
        else signatures.push(each.signature);
        progress.update(signatures.length + failed);
      }
    } finally {
      progress.stop();
      await model.dispose();
    }
    if (damaged > 0 && !quiet) writeMessage(damagedNote(damaged));
    if (!quiet) printUndecoded(undecoded);
    if (signatures.length === 0) return status.allFailed;
    const groups = findDuplicates(signatures, { minSimilarity, maxDifference });
    if (html) await writeImageSheet(html, duplicatesSheet(groups, signatures.length), stopSignal);
    writeResult(
      json
        ? jsonLine({ groups, images: signatures.length, failed, html })
        : inLines(describeDuplicates(groups, signatures.length)),
    );
    return failed > 0 ? status.someFailed : status.ok;
  });
}
