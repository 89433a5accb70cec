/** Features of a data set's images, from the store or the model, with a line that tells the time left; an image that fails is said and counted. */
import { S2Error } from "../core/index.ts";
import type { Task } from "../datasets/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { imageVector } from "../features/index.ts";
import { type ExtractImagesOptions, extractImages } from "../store/index.ts";
import { untilStopped } from "./interrupt.ts";
import { writeMessage } from "./output.ts";
import { damagedNote, openBar } from "./report.ts";
import type { PrintFlags } from "./set-flags.ts";

export interface ExtractedDataSet {
  readonly features: ReadonlyMap<string, ImageTokens>;
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

/** `keep` is what stays in memory of an image. */
export async function extractDataSet(
  images: readonly string[],
  collection: ExtractImagesOptions,
  { json, quiet }: PrintFlags,
  keep: (tokens: ImageTokens) => ImageTokens,
): Promise<ExtractedDataSet> {
  const features = new Map<string, ImageTokens>();
  const failed: { path: string; reason: string }[] = [];
  const bar = process.stderr.isTTY && !json && !quiet ? await openBar(images.length) : undefined;
  let damaged = 0;
  const onImage: ExtractImagesOptions["onImage"] = ({ stale }) => void (stale?.includes("file") && damaged++);
  try {
    await untilStopped(async () => {
      for await (const each of extractImages(images, { ...collection, onImage })) {
        if ("tokens" in each) features.set(each.image, keep(each.tokens));
        else {
          failed.push({ path: each.image, reason: each.issue });
          const line = `failed: ${each.image}: ${each.issue}`;
          if (bar) bar.log(line);
          else if (!json) writeMessage(`${line}\n`);
        }
        bar?.update(features.size + failed.length);
      }
    });
  } finally {
    bar?.stop();
  }
  if (damaged > 0 && !json && !quiet) writeMessage(damagedNote(damaged));
  return { features, failed };
}

/** What a task needs of an image. */
export const keptOf = (kind: Task) => (kind === "classes" ? pooledTokens : wholeImage);

/** What tells of places needs all of them: said at the first image, not when all are done. */
function wholeImage(tokens: ImageTokens): ImageTokens {
  if (!tokens.gridGeometry) return tokens;
  throw new S2Error(
    "rows",
    "The features are of an image that was cropped or padded, and masks, depth and objects need every place of it; give --fit squash or keep.",
  );
}

/** What any pooling needs, at a hundredth of the memory: the first prefix token, and the mean of the grid as its only token. */
function pooledTokens(tokens: ImageTokens): ImageTokens {
  const { channels, prefix, channelsPerScale, size } = tokens;
  const mean = imageVector(tokens, "mean");
  const data = new Float32Array(prefix > 0 ? 2 * channels : channels);
  if (prefix > 0) data.set(tokens.data.subarray(0, channels));
  data.set(mean, data.length - channels);
  return { data, channels, prefix: Math.min(1, prefix), grid: { rows: 1, cols: 1 }, channelsPerScale: channelsPerScale, size };
}
