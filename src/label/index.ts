/** Labels of a few images given by a person, suggestions for the rest: classes of images, and masks from clicks. */
export { imagesToLabel } from "./find-images.ts";
export type { LabelFiles } from "./label-files.ts";
export { ICON, PAGE } from "./page/html.ts";
export { showLabeling } from "./page/show.ts";
export { STYLE } from "./page/style.ts";
export { type LabelingOptions, type LabelSession, openLabeling } from "./session.ts";
