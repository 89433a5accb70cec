/** `searchArchive`: images of an archive that are similar to one, by LanceDB where the archive keeps vectors there, else by all committed shards. */
import { resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { extractImage, imageTokens, imageVector } from "../features/index.ts";
import { loadImage, type Model, openVectors } from "../runtimes/node/index.ts";
import { fromFloat16 } from "../tensors/index.ts";
import { type Archive, checkWorker, openArchive } from "./archive.ts";
import { commitVectors, unit, vectorsFolder } from "./lance-vectors.ts";
import { committedShards, withShard } from "./shards.ts";

/** An image that was found. */
export interface ArchiveHit {
  readonly image: string;
  /** Cosine with the query. */
  readonly score: number;
}

/**
 * Finds the images of an archive whose vectors have the highest cosine with that of an image (a path or an address), best first; the image itself is left out.
 * Shards that are not committed yet are not searched. @throws S2Error "index" for another model than the archive's, those of `extract`.
 */
export async function searchArchive(
  location: string,
  image: string,
  { model, top = 10 }: { readonly model: Model; readonly top?: number },
): Promise<ArchiveHit[]> {
  const archive = await openArchive(location);
  await checkWorker(archive, model);
  const { extraction, pooling, lancedb } = archive.config;
  const features = await extractImage(model, await loadImage(image), extraction);
  const query = unit(imageVector(imageTokens(features), pooling));
  const others = [image, resolve(image)];
  const hits = await (lancedb ? inLance : inShards)(archive, query, top + 1);
  return hits.filter((hit) => !others.includes(hit.image)).slice(0, top);
}

async function inLance(archive: Archive, query: Float32Array, count: number): Promise<ArchiveHit[]> {
  await commitVectors(archive, { patience: 0 });
  const vectors = await openVectors(vectorsFolder(archive));
  try {
    return (await vectors.nearest("images", query, count)).map(({ image, score }) => ({ image, score }));
  } finally {
    await vectors.close();
  }
}

/** Compares the query with every vector, shard by shard; memory holds the vectors of one shard. */
async function inShards(archive: Archive, query: Float32Array, count: number): Promise<ArchiveHit[]> {
  let best: ArchiveHit[] = [];
  for (const id of await committedShards(archive)) {
    const hits = await withShard(archive, id, async (shard, _, name) => {
      const { data, channels } = await shard.vectors();
      if (data.length === 0) return [];
      if (channels !== query.length)
        throw new S2Error(
          "index",
          `${name} has vectors of ${channels} numbers, and the query has ${query.length}; it is damaged.`,
        );
      const scores = cosines(fromFloat16(data), query);
      const least = best.length < count ? Number.NEGATIVE_INFINITY : best[count - 1].score;
      const near = [...scores.keys()].filter((i) => scores[i] > least);
      if (near.length === 0) return [];
      const images = (await shard.images()).filter(({ error }) => error === undefined);
      return near.map((i) => ({ image: images[i].image, score: scores[i] }));
    });
    best = [...best, ...hits].sort((a, b) => b.score - a.score || (a.image < b.image ? -1 : 1)).slice(0, count);
  }
  return best;
}

function cosines(data: Float32Array, query: Float32Array): Float32Array {
  const channels = query.length;
  const scores = new Float32Array(data.length / channels);
  for (let row = 0, at = 0; row < scores.length; row++) {
    let [dot, square] = [0, 0];
    for (let c = 0; c < channels; c++, at++) {
      dot += data[at] * query[c];
      square += data[at] * data[at];
    }
    scores[row] = square > 0 ? dot / Math.sqrt(square) : 0;
  }
  return scores;
}
