/** The id in masks that is no class. */

/** Classes of these names are no class, unless the option `ignore` says another. */
const NO_CLASS = /^(void|unlabell?ed|ignored?)$/i;
/** MMSegmentation's id of no class, unless a class is named there. */
const MMSEG_IGNORE = 255;
/** `ignore` where every id is a class: no pixel has it. */
const NONE = -1;

/** Returns the option's id, or that of a class called void, or 0 where names start at 1 (ADE20K: other objects), or 255; -1 for none. */
export function ignoredId(classes: readonly string[], given?: number | "none"): number {
  if (given !== undefined) return given === "none" ? NONE : given;
  const named = classes.findIndex((name) => NO_CLASS.test(name));
  if (named >= 0) return named;
  if (classes[0] === "" && classes.length > 1 && classes.slice(1).every((name) => name !== "")) return 0;
  return classes[MMSEG_IGNORE] ? NONE : MMSEG_IGNORE;
}

/** Returns the ignored id for masks that are painted from outlines, which need one: where there is none, the last of 16 bits. */
export function paintedIgnore(classes: readonly string[], given?: number | "none"): number {
  const id = ignoredId(classes, given);
  return id === NONE ? 65535 : id;
}
