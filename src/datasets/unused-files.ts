/** Files that are in no item and in no problem, and could be photos or labels: nothing is passed over without a count. */
import { isPhotoName, isUndecodedPhotoName } from "../images/index.ts";
import { isNamesFile } from "./class-names.ts";
import type { Problem } from "./data-set.ts";
import { some } from "./invalid-file.ts";
import type { Listing } from "./listing.ts";
import { type Place, pairName } from "./path-facts.ts";

/** Photos of formats that are not decoded, one by one; other files of their folder and extension together. */
export function leftOver({ places, splits }: Listing, used: readonly string[], problems: readonly Problem[]): Problem[] {
  const said = new Set([...used, ...problems.map(({ path }) => path)]);
  const known = new Set([...said, ...splits.files]);
  // What is said of a photo holds for its mask or label file too.
  const pairs = new Set(places.filter(({ path, role }) => said.has(path) && role !== "other").map(pairName));
  const left = places.filter(
    (place) => !known.has(place.path) && (place.role === "other" || place.rank > 0 || !pairs.has(pairName(place))),
  );
  const undecoded = left.filter(({ path }) => isUndecodedPhotoName(path));
  const groups = new Map<string, Place[]>();
  for (const place of left.filter(couldBeLabel)) {
    const group = `${topOf(place.path)} ${place.extension}`;
    groups.set(group, [...(groups.get(group) ?? []), place]);
  }
  return [
    ...undecoded.map(({ path, extension }) => ({
      path,
      reason: `Photos of this kind (${extension}) are not decoded; convert it to JPEG or PNG.`,
      used: false,
    })),
    ...Array.from(groups.values(), (files) => ({
      path: topOf(files[0].path),
      reason: `${files.length} files (${files[0].extension}) are not read: ${some(files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)))}.`,
      used: true,
    })),
  ];
}

const couldBeLabel = ({ path, role, extension }: Place): boolean =>
  !isNamesFile(path) && (isPhotoName(path) || (role !== undefined && role !== "list" && [".txt", ".xml"].includes(extension)));

const topOf = (path: string): string => (path.includes("/") ? `${path.slice(0, path.indexOf("/"))}/` : path);
