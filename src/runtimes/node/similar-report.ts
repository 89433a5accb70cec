/** Results of a search in an index, in words and as a page. */
import { describeBox } from "../../retrieval/index.ts";
import type { VectorHit } from "../../tensors/index.ts";
import type { SheetGroup, SheetImage } from "./image-sheet.ts";
import type { SimilarImages } from "./similar-images.ts";

/** Describes what updating the index did: "12 images in the index: 3 added, 9 kept". */
export function describeIndex(index: NonNullable<SimilarImages["index"]>): string {
  const { added, kept } = index;
  const names = ["added", "kept", "removed", "failed"] as const;
  const changes = names.filter((name) => index[name] > 0).map((name) => `${index[name]} ${name}`);
  return `${added + kept} ${added + kept === 1 ? "image" : "images"} in the index: ${changes.join(", ")}`;
}

/** Lays out a page of hits, the best first, after the image that was searched for, or with the text as its title. */
export function hitsSheet(
  query: SheetImage | string,
  hits: readonly VectorHit[],
  asRegion: boolean,
): { readonly title: string; readonly lead: string; readonly groups: readonly SheetGroup[] } {
  const images = hits.map(({ image, size, box, score }) => ({
    ...{ path: image, size, ...(asRegion && { box }) },
    caption: `${score.toFixed(3)}${asRegion ? `  ${describeBox(box)}` : ""}`,
  }));
  const count = `${hits.length} similar ${asRegion ? "region" : "image"}${hits.length === 1 ? "" : "s"}`;
  return {
    title: typeof query === "string" ? `${count} for “${query}”` : count,
    lead: "The most similar first. Scores are cosines; only their order matters.",
    groups: [...(typeof query === "string" ? [] : [{ title: "Searched for", images: [query] }]), { title: "Found", images }],
  };
}
