/** The supported layouts in order of precedence: the task of each, its evidence, and its reader. */
import { isImageName } from "../images/index.ts";
import { readClassFolders } from "./class-folders.ts";
import { type CocoFiles, findCocoFiles } from "./coco-json.ts";
import { readCocoBoxes, readCocoMasks } from "./coco-objects.ts";
import { readCocoPanoptic } from "./coco-panoptic.ts";
import { listsHaveLabels, readCsvList } from "./csv-list.ts";
import type { Task } from "./data-set.ts";
import { readDepthPairs } from "./depth-pairs.ts";
import type { Role } from "./layout-names.ts";
import type { Layout, Listing } from "./listing.ts";
import { readMaskList } from "./mask-list.ts";
import { readMaskPairs } from "./mask-pairs.ts";
import { imageFiles } from "./pairs.ts";
import { hasVocFiles, readVocBoxes } from "./voc-boxes.ts";
import { hasYoloLabels, readYoloBoxes, readYoloMasks } from "./yolo.ts";

type AnyLayout = { readonly [K in Task]: Layout<K> }[Task];

const hasImages = ({ locations }: Listing): boolean => imageFiles(locations).some(({ path }) => isImageName(path));
const has = ({ locations }: Listing, role: Role, extension: string): boolean =>
  locations.some((file) => file.role === role && file.extension === extension);

/** COCO files of a folder, found once for all layouts. */
const cache = new WeakMap<Listing["paths"], Promise<CocoFiles>>();

function cocoFiles({ folder, paths }: Listing): Promise<CocoFiles> {
  const files = cache.get(paths) ?? findCocoFiles(folder, paths);
  cache.set(paths, files);
  return files;
}

/** The first recognized layout of a task reads the folder; the last of a task is its default, whose reader reports what is missing. */
const LAYOUTS: readonly AnyLayout[] = [
  {
    task: "segmentation",
    name: "a list of images and masks",
    recognize: ({ options }) => options.list !== undefined,
    read: readMaskList,
  },
  {
    // Before pairs of images and masks, for its PNGs are no masks without the JSON.
    task: "segmentation",
    name: "COCO panoptic JSON",
    recognize: async (listing) => (await cocoFiles(listing)).panoptic.length > 0,
    read: async (listing) => readCocoPanoptic(listing, (await cocoFiles(listing)).panoptic),
  },
  {
    // After masks beside the images. Outlines in the middle of a large file are found only if the task is given.
    task: "segmentation",
    name: "COCO JSON",
    recognize: async (listing, isRequested) => {
      const { instances, outlines } = await cocoFiles(listing);
      return instances.length > 0 && !has(listing, "mask", ".png") && (outlines || isRequested);
    },
    read: async (listing) => readCocoMasks(listing, (await cocoFiles(listing)).instances),
  },
  {
    task: "segmentation",
    name: "images and YOLO label files of polygons",
    recognize: (listing, isRequested) => isRequested && has(listing, "label", ".txt") && !has(listing, "mask", ".png"),
    read: readYoloMasks,
  },
  {
    task: "segmentation",
    name: "images and masks",
    recognize: (listing) =>
      hasImages(listing) && (has(listing, "mask", ".png") || (has(listing, "label", ".png") && !has(listing, "depth", ".png"))),
    read: readMaskPairs,
  },
  {
    task: "depth",
    name: "images and depth",
    recognize: (listing) => hasImages(listing) && has(listing, "depth", ".png"),
    read: readDepthPairs,
  },
  {
    // After YOLO's label files, as in COCO with YOLO's labels.
    task: "counting",
    name: "COCO JSON",
    recognize: async (listing) => (await cocoFiles(listing)).instances.length > 0 && !has(listing, "label", ".txt"),
    read: async (listing) => readCocoBoxes(listing, (await cocoFiles(listing)).instances),
  },
  {
    task: "counting",
    name: "Pascal VOC's XML",
    recognize: async (listing) => {
      const { instances, panoptic } = await cocoFiles(listing);
      return instances.length + panoptic.length === 0 && !has(listing, "label", ".txt") && hasVocFiles(listing.locations);
    },
    read: readVocBoxes,
  },
  {
    task: "counting",
    name: "images and YOLO label files",
    recognize: async (listing) => hasImages(listing) && has(listing, "label", ".txt") && (await hasYoloLabels(listing)),
    read: readYoloBoxes,
  },
  {
    task: "classification",
    name: "lists of images with labels",
    recognize: async (listing) => listing.options.list !== undefined || (await listsHaveLabels(listing)),
    read: readCsvList,
  },
];

/** The layout of folders in which no other is recognized, after `refuseClasses`, or for which the task is given. */
export const CLASS_FOLDERS: Layout<"classification"> = {
  task: "classification",
  name: "a folder for each class",
  recognize: () => true,
  read: readClassFolders,
};

/** Returns the layouts that fit a folder, at most one for each task. */
export async function recognizeLayouts(listing: Listing): Promise<AnyLayout[]> {
  const found: AnyLayout[] = [];
  for (const layout of LAYOUTS)
    if (!found.some(({ task }) => task === layout.task) && (await layout.recognize(listing, false))) found.push(layout);
  return found;
}

/** Returns the layout for a given task. */
export async function layoutOf(task: Task, listing: Listing): Promise<AnyLayout> {
  const layouts = LAYOUTS.filter((layout) => layout.task === task);
  for (const layout of layouts) if (await layout.recognize(listing, true)) return layout;
  return task === "classification" ? CLASS_FOLDERS : layouts.at(-1)!;
}
