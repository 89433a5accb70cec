/** Features of a data set's photos, from the store or the model, with a line that tells the time left; a photo that fails is said and counted. */
import { S2Error } from "../core/index.ts";
import type { Kind } from "../datasets/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { photoVector } from "../features/index.ts";
import { type Collection, collectFeatures } from "../store/index.ts";
import { untilStopped } from "./interrupt.ts";
import { writeMessage } from "./output.ts";
import { damagedNote, openBar } from "./report.ts";
import type { SayFlags } from "./set-flags.ts";

export interface Gathered {
  readonly features: ReadonlyMap<string, PhotoTokens>;
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

/** `keep` is what stays in memory of a photo. */
export async function gather(
  photos: readonly string[],
  collection: Collection,
  { json, quiet }: SayFlags,
  keep: (tokens: PhotoTokens) => PhotoTokens,
): Promise<Gathered> {
  const features = new Map<string, PhotoTokens>();
  const failed: { path: string; reason: string }[] = [];
  const bar = process.stderr.isTTY && !json && !quiet ? await openBar(photos.length) : undefined;
  let damaged = 0;
  const onPhoto: Collection["onPhoto"] = ({ stale }) => void (stale?.includes("file") && damaged++);
  try {
    await untilStopped(async () => {
      for await (const each of collectFeatures(photos, { ...collection, onPhoto })) {
        if ("tokens" in each) features.set(each.photo, keep(each.tokens));
        else {
          failed.push({ path: each.photo, reason: each.problem });
          const line = `failed: ${each.photo}: ${each.problem}`;
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

/** What a task needs of a photo. */
export const keptOf = (kind: Kind) => (kind === "classes" ? pooledTokens : wholePhoto);

/** What tells of places needs all of them: said at the first photo, not when all are done. */
function wholePhoto(tokens: PhotoTokens): PhotoTokens {
  if (!tokens.place) return tokens;
  throw new S2Error(
    "rows",
    "The features are of a photo that was cropped or padded, and masks, depth and objects need every place of it; give --fit squash or keep.",
  );
}

/** What any pooling needs, at a hundredth of the memory: the first prefix token, and the mean of the grid as its only token. */
function pooledTokens(tokens: PhotoTokens): PhotoTokens {
  const { channels, prefix, widths, size } = tokens;
  const mean = photoVector(tokens, "mean");
  const data = new Float32Array(prefix > 0 ? 2 * channels : channels);
  if (prefix > 0) data.set(tokens.data.subarray(0, channels));
  data.set(mean, data.length - channels);
  return { data, channels, prefix: Math.min(1, prefix), grid: { rows: 1, cols: 1 }, widths, size };
}
