/** The labels that a person gives to images, as a value: each action makes the next value, and the last actions can be undone. */
import { S2Error } from "../core/index.ts";

/** Names of the classes, and the labels by path of the image, in the order in which they were given. */
export interface Labeling<Label> {
  readonly classes: readonly string[];
  readonly labels: ReadonlyMap<string, Label>;
  /** The labels before each change, the last change at the end. */
  readonly changes: readonly { readonly path: string; readonly before: Label | undefined }[];
}

/** Starts with labels that were saved. */
export const newLabeling = <Label>(
  classes: readonly string[] = [],
  labels: ReadonlyMap<string, Label> = new Map(),
): Labeling<Label> => ({ classes, labels, changes: [] });

/** Gives an image a label. */
export function setLabel<Label>(labeling: Labeling<Label>, path: string, label: Label): Labeling<Label> {
  const { classes, labels, changes } = labeling;
  return { classes, labels: replaced(labels, path, label), changes: [...changes, { path, before: labels.get(path) }] };
}

/** Takes the last change back and returns the path of its image; undefined if there is none. */
export function undo<Label>(labeling: Labeling<Label>): { labeling: Labeling<Label>; path: string } | undefined {
  const { classes, labels, changes } = labeling;
  const last = changes.at(-1);
  if (last === undefined) return undefined;
  return {
    labeling: { classes, labels: replaced(labels, last.path, last.before), changes: changes.slice(0, -1) },
    path: last.path,
  };
}

/** Moves the image to the end of the order; undefined removes its label. */
function replaced<Label>(labels: ReadonlyMap<string, Label>, path: string, label: Label | undefined): Map<string, Label> {
  const next = new Map(labels);
  next.delete(path);
  if (label !== undefined) next.set(path, label);
  return next;
}

/** Most classes; a mask has one byte for each pixel, and 255 is ignored. */
const MOST_CLASSES = 255;
/** Longest name of a class in characters. */
const LONGEST = 100;

/** Appends a class. @throws S2Error "labels" for a name that is empty, too long, taken, or has invisible characters. */
export function addClass<Label>(labeling: Labeling<Label>, given: string): Labeling<Label> {
  const name = given.normalize("NFC").trim().replace(/\s+/g, " ");
  const refuse = (reason: string) => new S2Error("labels", `The class "${name.slice(0, LONGEST)}" ${reason}`);
  if (name === "") throw refuse("has no name; give it one.");
  if (name.length > LONGEST) throw refuse(`has ${name.length} characters; expected at most ${LONGEST}. Shorten the name.`);
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name.replace(/\u200d/g, ""))) throw refuse("has invisible characters; type the name again.");
  if (labeling.classes.includes(name)) throw refuse("is there already; give another name.");
  if (labeling.classes.length >= MOST_CLASSES) throw refuse(`would be the ${MOST_CLASSES + 1}th; there can be ${MOST_CLASSES}.`);
  return { ...labeling, classes: [...labeling.classes, name] };
}
