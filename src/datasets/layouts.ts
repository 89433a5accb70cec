/** The layouts that are read, a row each: what kind of labels they have, by what they are recognized, and what reads them. */
import { isImageName } from "../images/index.ts";
import { COCO_BOXES, COCO_OUTLINES, COCO_PANOPTIC, VOC_BOXES } from "./annotation-layouts.ts";
import { readClassFolders } from "./class-folders.ts";
import { listsHaveLabels, readCsvList } from "./csv-list.ts";
import type { Task } from "./data-set.ts";
import { readDepthPairs } from "./depth-pairs.ts";
import type { Role } from "./layout-names.ts";
import type { Layout, Listing } from "./listing.ts";
import { readMaskPairs } from "./mask-pairs.ts";
import { imageFiles } from "./pairs.ts";
import { labelsLookLikeYolo, readYoloBoxes } from "./yolo-boxes.ts";
import { hasYoloPolygons, readYoloMasks } from "./yolo-masks.ts";

type AnyLayout = { readonly [K in Task]: Layout<K> }[Task];

const hasImages = ({ locations }: Listing): boolean => imageFiles(locations).some(({ path }) => isImageName(path));
const has = ({ locations }: Listing, role: Role, extension: string): boolean =>
  locations.some((place) => place.role === role && place.extension === extension);

/** The first of a kind that is recognized reads it; a kind's last is the usual one, which reports what is missing. */
const LAYOUTS: readonly AnyLayout[] = [
  COCO_PANOPTIC,
  COCO_OUTLINES,
  {
    task: "segmentation",
    name: "images and YOLO label files of polygons",
    recognize: ({ locations }, isAsked) => isAsked && hasYoloPolygons(locations),
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
  COCO_BOXES,
  VOC_BOXES,
  {
    task: "counting",
    name: "images and YOLO label files",
    recognize: async (listing) => hasImages(listing) && has(listing, "label", ".txt") && (await labelsLookLikeYolo(listing)),
    read: readYoloBoxes,
  },
  {
    task: "classification",
    name: "lists of images with labels",
    recognize: async (listing) => listing.options.list !== undefined || (await listsHaveLabels(listing)),
    read: readCsvList,
  },
];

/** Read where nothing else is recognized, after `refuseClasses`, or where the kind is given. */
const CLASS_FOLDERS: Layout<"classification"> = {
  task: "classification",
  name: "a folder for each class",
  recognize: () => true,
  read: readClassFolders,
};

/** Returns the layouts that a folder could be of, at most one for each kind. */
export async function recognizeLayouts(listing: Listing): Promise<AnyLayout[]> {
  const found: AnyLayout[] = [];
  for (const layout of LAYOUTS)
    if (!found.some(({ task }) => task === layout.task) && (await layout.recognize(listing, false))) found.push(layout);
  return found;
}

/** Returns the layout of a kind that was asked for. */
export async function layoutOf(kind: Task, listing: Listing): Promise<AnyLayout> {
  const layouts = LAYOUTS.filter((layout) => layout.task === kind);
  for (const layout of layouts) if (await layout.recognize(listing, true)) return layout;
  return kind === "classification" ? CLASS_FOLDERS : layouts.at(-1)!;
}

export { CLASS_FOLDERS };
