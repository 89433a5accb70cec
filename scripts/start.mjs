/** `npm start -- PHOTO --model DIR`: the main job, multi-scale features of photos, on a fresh clone. */
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const args = process.argv.slice(2);
if (args.some((arg) => arg === "--model" || arg.startsWith("--model="))) {
  run(process.execPath, [fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)), "extract", ...args], {
    cwd: process.cwd(),
  });
} else {
  console.log("s2-vision is ready. No model is bundled yet, so give one: npm start -- PHOTO... --model DIR_WITH_AN_ONNX_MODEL");
}
