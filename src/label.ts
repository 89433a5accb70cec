/** "s2-vision/label": a person labels a few images of a folder, by class or by clicks, and corrects suggestions for the rest. */
export { imagesToLabel, type LabelFiles, type LabelingOptions, openLabeling, showLabeling } from "./label/index.ts";
