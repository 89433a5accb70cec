/** The id in masks that is no class. */

/** Classes of these names are no class, unless the option `ignore` says another. */
const NO_CLASS = /^(void|unlabell?ed|ignored?)$/i;

/** The option, else the class of such a name, else MMSegmentation's 255, else, where that is the id of a class, the last one of 16 bits. */
export function ignoredId(classes: readonly string[], option: number | undefined): number {
  const named = classes.findIndex((name) => NO_CLASS.test(name));
  return option ?? (named >= 0 ? named : classes.length < 255 ? 255 : 65535);
}
