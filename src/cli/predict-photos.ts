/** The work of `s2 predict`: photos one after the other through the model and the head; a photo that fails does not stop the others. */
import { relative, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { loadImage, openStore } from "../node.ts";
import { collectFeatures } from "../store/index.ts";
import { openTask, type TaskHead } from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { PredictFlags } from "./command-flags.ts";
import { sentence } from "./errors.ts";
import { loadHead, openModelOf } from "./head-folder.ts";
import { listenForInterrupt, stopSignal, untilStopped, whole } from "./interrupt.ts";
import { writeMessage, writeReport, writeResult } from "./output.ts";
import { type Job, nameOutputs } from "./output-names.ts";
import { refuseForeign } from "./own-files.ts";
import { findPhotos, sayPassedOver } from "./photos.ts";
import { graphsOf } from "./plan-flags.ts";
import { openBar } from "./report.ts";
import { status } from "./status.ts";
import { csvHead, csvLine, filesOf, type Saying, sayingOf } from "./told.ts";

/** Returns the exit status. */
export async function predictPhotos(folder: string, given: readonly string[], flags: PredictFlags): Promise<number> {
  const head = await loadHead(folder);
  const draws = head.task === "masks" || head.task === "depth";
  if (flags.out && !draws)
    throw new S2Error(
      "option",
      `A head for ${head.task} draws nothing, so there is nothing to put into ${flags.out}; leave --out away.`,
    );
  const out = flags.out ?? "predictions";
  const { photos: found, passedOver } = await findPhotos(given, out);
  const jobs: Job[] = draws
    ? nameOutputs(found, { folder: out, format: "png" }, true)
    : found.map((photo) => ({ ...photo, photo: photo.path, out: "" }));
  if (draws) refuseForeign(jobs.flatMap(({ picture, missing }) => (missing ? [] : picturesOf(picture!, head))));
  listenForInterrupt();
  const store = draws ? openStore(out) : undefined;
  const { model, flags: all } = await openModelOf(head, flags);
  const opened = await openTask(head, graphsOf(all));
  const base = process.cwd();
  const collection = await collectionFor(model, all, head.features.look, { base });
  const bar = process.stderr.isTTY && !process.stdout.isTTY && !flags.quiet ? await openBar(jobs.length) : undefined;
  let [failed, done] = [0, 0];
  const fail = (photo: string, reason: string) => {
    failed++;
    if (flags.json) (draws ? writeReport : writeResult)(`${JSON.stringify({ photo, error: reason })}\n`);
    else if (bar) bar.log(`failed: ${photo}: ${reason}`);
    else writeMessage(`failed: ${reason.includes(photo) ? "" : `${photo}: `}${reason}\n`);
  };
  for (const { photo, missing } of jobs) if (missing) fail(photo, sentence(missing));
  const there = jobs.filter(({ missing }) => !missing);
  if (flags.csv) (draws ? writeReport : writeResult)(csvHead(head));
  try {
    await untilStopped(async () => {
      const names = there.map(({ photo }) => relative(base, resolve(photo)));
      let at = 0;
      for await (const each of collectFeatures(names, collection)) {
        const job = there[at++];
        if ("problem" in each) fail(job.photo, each.problem);
        else {
          const told = await opened.tell(each.tokens);
          const saying = sayingOf(told, head);
          stopSignal.throwIfAborted();
          const files = store ? await whole(filesOf(told, head, await loadImage(job.photo), job.out, out, store)) : {};
          say(job.photo, saying, files, flags);
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
  photo: string,
  { words, numbers, fields }: Saying,
  files: Readonly<Record<string, string>>,
  { json, csv }: PredictFlags,
): void {
  const to = files.picture ? ` -> ${files.picture}` : "";
  // Pictures are written whether or not someone reads about them.
  const write = files.picture ? writeReport : writeResult;
  write(
    json ? `${JSON.stringify({ photo, ...fields, ...files })}\n` : csv ? csvLine(photo, numbers) : `${photo}${to}  ${words}\n`,
  );
}
