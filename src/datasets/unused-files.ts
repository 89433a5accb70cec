/** Files that are in no item and in no problem, and could be images or labels: nothing is passed over without a count. */
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { isNamesFile } from "./class-names.ts";
import type { DataSetIssue } from "./data-set.ts";
import { shortList } from "./invalid-file.ts";
import type { Listing } from "./listing.ts";
import { type PathFacts, pairName } from "./path-facts.ts";

/** Images of formats that are not decoded, one by one; other files of their folder and extension together. */
export function unusedFiles(
  { locations, splits }: Listing,
  used: readonly string[],
  problems: readonly DataSetIssue[],
): DataSetIssue[] {
  const said = new Set([...used, ...problems.map(({ path }) => path)]);
  const known = new Set([...said, ...splits.files]);
  // What is said of an image holds for its mask or label file too.
  const pairs = new Set(locations.filter(({ path, role }) => said.has(path) && role !== "other").map(pairName));
  const left = locations.filter(
    (place) => !known.has(place.path) && (place.role === "other" || place.rank > 0 || !pairs.has(pairName(place))),
  );
  const undecoded = left.filter(({ path }) => isUndecodedImageName(path));
  const groups = new Map<string, PathFacts[]>();
  for (const place of left.filter(couldBeLabel)) {
    const group = `${topOf(place.path)} ${place.extension}`;
    groups.set(group, [...(groups.get(group) ?? []), place]);
  }
  return [
    ...undecoded.map(({ path, extension }) => ({
      path,
      reason: `Images of this kind (${extension}) are not decoded; convert it to JPEG or PNG.`,
      used: false,
    })),
    ...Array.from(groups.values(), (files) => ({
      path: topOf(files[0].path),
      reason: `${files.length} files (${files[0].extension}) are not read: ${shortList(files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)))}.`,
      used: true,
    })),
  ];
}

const couldBeLabel = ({ path, role, extension }: PathFacts): boolean =>
  !isNamesFile(path) && (isImageName(path) || (role !== undefined && role !== "list" && [".txt", ".xml"].includes(extension)));

const topOf = (path: string): string => (path.includes("/") ? `${path.slice(0, path.indexOf("/"))}/` : path);
