/** The annotation files of a data set in COCO's JSON: which of its files they are, and what they hold. */

import type { Folder } from "./folder.ts";
import { readBytes } from "./invalid-file.ts";

/** Paths of annotation files. */
export interface CocoFiles {
  /** With boxes, and with outlines where `outlines` is true. */
  readonly instances: readonly string[];
  readonly panoptic: readonly string[];
  readonly outlines: boolean;
}

/** Names that say it all: COCO's own and those of Roboflow's exports. Damaged files of these names are to be refused, not passed over. */
const INSTANCES = /^(instances[_.-].*|.*\.coco)\.json$/i;
const PANOPTIC = /^panoptic[_.-].*\.json$/i;

/** Files that come with COCO and name no objects, and those that hold a part of the objects a second time. */
const NO_OBJECTS = /^(captions|image_info)_/i;
const SECOND = /^(person_keypoints|stuff)_/i;

/** Files of other names are opened when there are few; a folder with more JSON files has one a photo, as labelme writes. */
const MOST_OPENED = 20;

/** Bytes at both ends of a file in which its fields are looked for. */
const ENDS = 2 ** 18;

/** Finds COCO's annotation files, or gives nothing where there is none. */
export async function findCocoFiles(folder: Folder, paths: readonly string[]): Promise<CocoFiles | undefined> {
  const all = paths.filter((path) => /\.json$/i.test(path) && !NO_OBJECTS.test(nameOf(path)));
  const named = all.filter((path) => INSTANCES.test(nameOf(path)) || PANOPTIC.test(nameOf(path)));
  const instances: string[] = [];
  const panoptic: string[] = [];
  let outlines = false;
  for (const path of named.length > 0 || all.length > MOST_OPENED ? named : all) {
    const ends = await endsOf(folder, path);
    if (PANOPTIC.test(nameOf(path)) ? ends.startsWith("{") : /"segments_info"\s*:/.test(ends)) panoptic.push(path);
    else if (INSTANCES.test(nameOf(path)) || looksLikeCoco(ends)) {
      instances.push(path);
      outlines ||= /"segmentation"\s*:\s*(\[\s*\[|\[\s*[\d.-]|\{)/.test(ends);
    }
  }
  if (instances.length + panoptic.length === 0) return undefined;
  const first = instances.filter((path) => !SECOND.test(nameOf(path)));
  return { instances: first.length > 0 ? first : instances, panoptic, outlines };
}

const looksLikeCoco = (ends: string): boolean =>
  ends.startsWith("{") &&
  /"(images|annotations|categories)"\s*:\s*\[/.test(ends) &&
  /"(file_name|image_id|category_id|supercategory)"\s*:/.test(ends);

async function endsOf(folder: Folder, path: string): Promise<string> {
  const bytes = await readBytes(folder, path);
  const text = (part: Uint8Array) => new TextDecoder().decode(part);
  const ends = bytes.length <= 2 * ENDS ? text(bytes) : `${text(bytes.subarray(0, ENDS))} ${text(bytes.subarray(-ENDS))}`;
  return ends.trimStart();
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
