/** `s2 predict` at work: prints the prediction of each image and writes its pictures; an image that fails does not stop the others. */
import { relative } from "node:path";
import { S2Error } from "../core/index.ts";
import { newCocoMasks, newGeoJson } from "../datasets/index.ts";
import { loadImage, openStore } from "../node.ts";
import {
  type ClassifiedImage,
  checkSorting,
  predictionFiles,
  readVersion,
  type SortOptions,
  sortImages,
  writePrediction,
  writeWhole,
} from "../runtimes/node/index.ts";
import { csvLine, describePrediction, predictImages as predict, predictionColumns } from "../tasks/index.ts";
import { sentence, status } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { openHead, openModelOf } from "./inputs.ts";
import { listenForInterrupt, stopSignal, untilStopped } from "./interrupt.ts";
import { jsonLine, writeReport, writeResult } from "./output.ts";
import { graphsOf } from "./plan-flags.ts";
import { failedLine, openProgress, printUndecoded } from "./progress.ts";
import { withStandardInput } from "./standard-input.ts";

/** Flags of `s2 predict`. */
export interface PredictFlags extends ModelFlags, SortOptions {
  out?: string;
  coco?: string;
  polygons?: boolean;
  geojson?: string;
  json?: boolean;
  csv?: boolean;
  quiet?: boolean;
}

/** Returns the exit status. */
export async function predictImages(folder: string, given: readonly string[], flags: PredictFlags): Promise<number> {
  const head = await openHead(folder, given[0]);
  const drawn = head.task === "segmentation" || head.task === "depth" ? head.task : undefined;
  if (flags.out && !drawn)
    throw new S2Error("option", `A head for ${head.task} draws nothing, so nothing would go into ${flags.out}; leave --out out.`);
  const maskFiles = [flags.coco, flags.geojson].filter((path) => path !== undefined);
  if (maskFiles.length > 0 && head.task !== "segmentation")
    throw new S2Error(
      "option",
      `A head for ${head.task} predicts no masks, so ${maskFiles[0]} would be empty; leave --coco and --geojson out.`,
    );
  if (flags.coco !== undefined && flags.coco === flags.geojson)
    throw new S2Error("option", `--coco and --geojson are both ${flags.coco}; give two files.`);
  if (flags.polygons && !flags.coco)
    throw new S2Error(
      "option",
      "--polygons is the form of the masks in the file of --coco; give --coco FILE too, or --geojson FILE.",
    );
  const out = flags.out ?? "predictions";
  const outputs = { folder: flags.sortInto ?? out, task: drawn, forAll: maskFiles };
  const { files: jobs, undecoded } = await predictionFiles(await withStandardInput(given), outputs);
  const present = jobs.filter(({ missing }) => !missing);
  checkSorting(head, present, flags);
  listenForInterrupt();
  const { model, source, flags: modelFlags } = await openModelOf(head, flags, { base: process.cwd() });
  const bar = await openProgress(jobs.length, { quiet: flags.quiet || process.stdout.isTTY });
  // Files are written whether or not someone reads about them.
  const write = drawn || flags.sortInto ? writeReport : writeResult;
  const classified: ClassifiedImage[] = [];
  let failed = 0;
  const fail = (image: string, reason: string) => {
    failed++;
    if (flags.json) write(jsonLine({ image, error: reason }));
    else bar.log(failedLine(image, reason));
  };
  for (const { image, missing } of jobs) if (missing) fail(image, sentence(missing));
  if (flags.csv) write(csvLine(["image", ...predictionColumns(head)]));
  const masks = [
    { path: flags.coco, file: newCocoMasks(head.classes, readVersion(), flags) },
    { path: flags.geojson, file: newGeoJson(head.classes, readVersion()) },
  ].filter(({ path }) => path);
  const stored = { folder: out, store: openStore(out) };
  try {
    await untilStopped(async () => {
      const names = present.map(({ image }) => relative(".", image));
      const left = present.values();
      let done = failed;
      for await (const each of predict(head, names, { ...source, openGraph: graphsOf(modelFlags) })) {
        const job = left.next().value!;
        bar.update(++done);
        if ("issue" in each) {
          fail(job.image, each.issue);
          continue;
        }
        const [{ prediction }, { paths }] = [each, job];
        const { fields, cells, words } = describePrediction(prediction, head);
        stopSignal.throwIfAborted();
        if (prediction.task === "segmentation" || prediction.task === "depth")
          await writePrediction(prediction, head.classes, await loadImage(job.image), paths, stored);
        if (prediction.task === "classification") classified.push({ image: job.image, scores: prediction.scores });
        if (prediction.task === "segmentation") for (const { file } of masks) file.add(job.name, prediction.mask);
        if (flags.json) write(jsonLine({ image: job.image, ...fields, ...paths }));
        else if (flags.csv) write(csvLine([job.image, ...cells]));
        else write(`${job.image}${paths.picture ? ` -> ${paths.picture}` : ""}  ${words}\n`);
      }
      const sorted = await sortImages(classified, head.classes, flags, stopSignal);
      if (sorted && !flags.quiet) bar.log(sorted);
    });
    for (const { path, file } of masks) await writeWhole(path!, file.bytes());
  } finally {
    bar.stop();
    await model.dispose();
  }
  if (!flags.quiet) printUndecoded(undecoded);
  return failed === 0 ? status.ok : failed === jobs.length ? status.allFailed : status.someFailed;
}
