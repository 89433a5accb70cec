/** The layouts that are read, a row each: what kind of labels they have, by what they are recognized, and what reads them. */
import { isPhotoName } from "../images/index.ts";
import { COCO_BOXES, COCO_OUTLINES, COCO_PANOPTIC, VOC_BOXES } from "./annotation-layouts.ts";
import { readClassFolders } from "./class-folders.ts";
import { listsHaveLabels, readCsvList } from "./csv-list.ts";
import type { Kind } from "./data-set.ts";
import { readDepthPairs } from "./depth-pairs.ts";
import type { Role } from "./layout-names.ts";
import type { Layout, Listing } from "./listing.ts";
import { readMaskPairs } from "./mask-pairs.ts";
import { photoPlaces } from "./pairs.ts";
import { labelsLookLikeYolo, readYoloBoxes } from "./yolo-boxes.ts";
import { hasYoloPolygons, readYoloMasks } from "./yolo-masks.ts";

type AnyLayout = { readonly [K in Kind]: Layout<K> }[Kind];

const hasPhotos = ({ places }: Listing): boolean => photoPlaces(places).some(({ path }) => isPhotoName(path));
const has = ({ places }: Listing, role: Role, extension: string): boolean =>
  places.some((place) => place.role === role && place.extension === extension);

/** The first of a kind that is recognized reads it; a kind's last is the usual one, which reports what is missing. */
const LAYOUTS: readonly AnyLayout[] = [
  COCO_PANOPTIC,
  COCO_OUTLINES,
  {
    kind: "masks",
    name: "photos and YOLO label files of polygons",
    recognize: ({ places }, isAsked) => isAsked && hasYoloPolygons(places),
    read: readYoloMasks,
  },
  {
    kind: "masks",
    name: "photos and masks",
    recognize: (listing) =>
      hasPhotos(listing) && (has(listing, "mask", ".png") || (has(listing, "label", ".png") && !has(listing, "depth", ".png"))),
    read: readMaskPairs,
  },
  {
    kind: "depth",
    name: "photos and depth",
    recognize: (listing) => hasPhotos(listing) && has(listing, "depth", ".png"),
    read: readDepthPairs,
  },
  COCO_BOXES,
  VOC_BOXES,
  {
    kind: "boxes",
    name: "photos and YOLO label files",
    recognize: async (listing) => hasPhotos(listing) && has(listing, "label", ".txt") && (await labelsLookLikeYolo(listing)),
    read: readYoloBoxes,
  },
  {
    kind: "classes",
    name: "lists of photos with labels",
    recognize: async (listing) => listing.options.list !== undefined || (await listsHaveLabels(listing)),
    read: readCsvList,
  },
];

/** Read where nothing else is recognized, after `refuseClasses`, or where the kind is given. */
const CLASS_FOLDERS: Layout<"classes"> = {
  kind: "classes",
  name: "a folder for each class",
  recognize: () => true,
  read: readClassFolders,
};

/** Returns the layouts that a folder could be of, at most one for each kind. */
export async function recognizeLayouts(listing: Listing): Promise<AnyLayout[]> {
  const found: AnyLayout[] = [];
  for (const layout of LAYOUTS)
    if (!found.some(({ kind }) => kind === layout.kind) && (await layout.recognize(listing, false))) found.push(layout);
  return found;
}

/** Returns the layout of a kind that was asked for. */
export async function layoutOf(kind: Kind, listing: Listing): Promise<AnyLayout> {
  const layouts = LAYOUTS.filter((layout) => layout.kind === kind);
  for (const layout of layouts) if (await layout.recognize(listing, true)) return layout;
  return kind === "classes" ? CLASS_FOLDERS : layouts.at(-1)!;
}

export { CLASS_FOLDERS };
