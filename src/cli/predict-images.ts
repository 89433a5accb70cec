/** The work of `s2 predict`: images one after the other through the model and the head; an image that fails does not stop the others. */
import { relative, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { loadImage, openStore } from "../node.ts";
import { extractImages } from "../store/index.ts";
import { openPredictor, type TaskHead } from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { PredictFlags } from "./command-flags.ts";
import { sentence } from "./errors.ts";
import { loadHead, openModelOf } from "./head-folder.ts";
import { findImages, sayPassedOver } from "./images.ts";
import { listenForInterrupt, stopSignal, untilStopped, whole } from "./interrupt.ts";
import { writeMessage, writeReport, writeResult } from "./output.ts";
import { type Job, nameOutputs } from "./output-names.ts";
import { refuseForeign } from "./own-files.ts";
import { graphsOf } from "./plan-flags.ts";
import { openBar } from "./report.ts";
import { status } from "./status.ts";
import { csvHead, csvLine, filesOf, type PredictionText, predictionText } from "./told.ts";

/** Returns the exit status. */
export async function predictImages(folder: string, given: readonly string[], flags: PredictFlags): Promise<number> {
  const head = await loadHead(folder);
  const draws = head.task === "masks" || head.task === "depth";
  if (flags.out && !draws)
    throw new S2Error(
      "option",
      `A head for ${head.task} draws nothing, so there is nothing to put into ${flags.out}; leave --out away.`,
    );
  const out = flags.out ?? "predictions";
  const { images: found, passedOver } = await findImages(given, out);
  const jobs: Job[] = draws
    ? nameOutputs(found, { folder: out, format: "png" }, true)
    : found.map((image) => ({ ...image, image: image.path, out: "" }));
  if (draws) refuseForeign(jobs.flatMap(({ picture, missing }) => (missing ? [] : picturesOf(picture!, head))));
  listenForInterrupt();
  const store = draws ? openStore(out) : undefined;
  const { model, flags: all } = await openModelOf(head, flags);
  const opened = await openPredictor(head, graphsOf(all));
  const base = process.cwd();
  const collection = await collectionFor(model, all, head.features.extraction, { base });
  const bar = process.stderr.isTTY && !process.stdout.isTTY && !flags.quiet ? await openBar(jobs.length) : undefined;
  let [failed, done] = [0, 0];
  const fail = (image: string, reason: string) => {
    failed++;
    if (flags.json) (draws ? writeReport : writeResult)(`${JSON.stringify({ image, error: reason })}\n`);
    else if (bar) bar.log(`failed: ${image}: ${reason}`);
    else writeMessage(`failed: ${reason.includes(image) ? "" : `${image}: `}${reason}\n`);
  };
  for (const { image, missing } of jobs) if (missing) fail(image, sentence(missing));
  const there = jobs.filter(({ missing }) => !missing);
  if (flags.csv) (draws ? writeReport : writeResult)(csvHead(head));
  try {
    await untilStopped(async () => {
      const names = there.map(({ image }) => relative(base, resolve(image)));
      let at = 0;
      for await (const each of extractImages(names, collection)) {
        const job = there[at++];
        if ("issue" in each) fail(job.image, each.issue);
        else {
          const told = await opened.predict(each.tokens);
          const saying = predictionText(told, head);
          stopSignal.throwIfAborted();
          const files = store ? await whole(filesOf(told, head, await loadImage(job.image), job.out, out, store)) : {};
          say(job.image, saying, files, flags);
        }
        bar?.update(++done + jobs.length - there.length);
      }
    });
  } finally {
    bar?.stop();
    await opened.close();
    await model.dispose();
  }
  if (!flags.quiet) sayPassedOver(passedOver);
  return failed === 0 ? status.ok : failed === jobs.length ? status.allFailed : status.someFailed;
}

/** Files by the names that `filesOf` gives. */
function picturesOf(picture: string, { task }: TaskHead) {
  return [{ path: picture }, { path: picture.replace(/png$/, task === "masks" ? "mask.png" : "depth.png") }];
}

function say(
  image: string,
  { words, numbers, fields }: PredictionText,
  files: Readonly<Record<string, string>>,
  { json, csv }: PredictFlags,
): void {
  const to = files.picture ? ` -> ${files.picture}` : "";
  // Pictures are written whether or not someone reads about them.
  const write = files.picture ? writeReport : writeResult;
  write(
    json ? `${JSON.stringify({ image, ...fields, ...files })}\n` : csv ? csvLine(image, numbers) : `${image}${to}  ${words}\n`,
  );
}
