/** Layouts whose annotations stand in JSON or XML files: COCO's, and Pascal VOC's boxes. */
import { readCocoBoxes } from "./coco-boxes.ts";
import { type CocoFiles, findCocoFiles } from "./coco-files.ts";
import { readCocoMasks } from "./coco-masks.ts";
import { readCocoPanoptic } from "./coco-panoptic.ts";
import type { Role } from "./layout-names.ts";
import type { Layout, Listing } from "./listing.ts";
import { hasVocFiles, readVocBoxes } from "./voc-boxes.ts";

const NO_FILES: CocoFiles = { instances: [], panoptic: [], outlines: false };

/** Annotation files of a folder, found once for all layouts. */
const found = new WeakMap<Listing["paths"], Promise<CocoFiles>>();

function cocoFiles({ folder, paths }: Listing): Promise<CocoFiles> {
  let files = found.get(paths);
  if (!files) {
    files = findCocoFiles(folder, paths).then((some) => some ?? NO_FILES);
    found.set(paths, files);
  }
  return files;
}

const has = ({ locations }: Listing, role: Role, extension: string): boolean =>
  locations.some((place) => place.role === role && place.extension === extension);

/** Its PNGs are no masks without the JSON, so that it comes before pairs of images and masks. */
export const COCO_PANOPTIC: Layout<"segmentation"> = {
  task: "segmentation",
  name: "COCO panoptic JSON",
  recognize: async (listing) => (await cocoFiles(listing)).panoptic.length > 0,
  read: async (listing) => readCocoPanoptic(listing, (await cocoFiles(listing)).panoptic),
};

/** Masks beside the images come first. Outlines in the middle of a large file are not seen beforehand: then masks have to be asked for. */
export const COCO_OUTLINES: Layout<"segmentation"> = {
  task: "segmentation",
  name: "COCO JSON",
  recognize: async (listing, isAsked) => {
    const { instances, outlines } = await cocoFiles(listing);
    return instances.length > 0 && !has(listing, "mask", ".png") && (outlines || isAsked);
  },
  read: async (listing) => readCocoMasks(listing, (await cocoFiles(listing)).instances),
};

/** Label files of YOLO come first, as in COCO with YOLO's labels. */
export const COCO_BOXES: Layout<"counting"> = {
  task: "counting",
  name: "COCO JSON",
  recognize: async (listing) => (await cocoFiles(listing)).instances.length > 0 && !has(listing, "label", ".txt"),
  read: async (listing) => readCocoBoxes(listing, (await cocoFiles(listing)).instances),
};

export const VOC_BOXES: Layout<"counting"> = {
  task: "counting",
  name: "Pascal VOC's XML",
  recognize: async (listing) => {
    const { instances, panoptic } = await cocoFiles(listing);
    return instances.length + panoptic.length === 0 && !has(listing, "label", ".txt") && hasVocFiles(listing.locations);
  },
  read: readVocBoxes,
};
