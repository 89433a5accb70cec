/**
 * `npm start`: the main job on a fresh clone, multi-scale features of images. Without images it takes the scenes in examples/, without a
 * model s2-tiny, and draws what the model sees.
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const given = process.argv.slice(2);
const scenes = fileURLToPath(new URL("../examples/scenes", import.meta.url));
const args = given.length > 0 ? given : [relative("", scenes), "--scales", "1,2,3", "--picture"];
run(process.execPath, [fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)), "extract", ...args], {
  cwd: process.cwd(),
});
