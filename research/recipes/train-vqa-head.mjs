/**
 * Trains the VQA head of `npm run ask` and writes it to research/models/vqa-head: that of s2-tiny 1x+2x+3x, first seed, in the experiment
 * "language", without the heads that come before it there. Scenes are those of draw-question-scenes.mjs. Resumable; bound to the weights of s2-tiny.
 */
import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evaluateVqa, folderOf } from "../src/evaluate-vqa.ts";
import { scaleConfigs } from "../src/experiments/language.ts";
import { openContext } from "../src/open-context.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string", default: "training" },
    store: { type: "string", default: "features/experiments" },
    out: { type: "string", default: fileURLToPath(new URL("../models/vqa-head", import.meta.url)) },
  },
});
const model = fileURLToPath(new URL("../../models/s2-tiny", import.meta.url));
const context = await openContext("language", { ...flags, model });
const [, , config] = scaleConfigs(context, "model");
await evaluateVqa(context, "", [{ ...config, seeds: [1] }]);
await context.close();
const file = join(flags.out, "vqa-head.safetensors");
copyFileSync(join(flags.store, `${folderOf(config)}-1/vqa-head.safetensors`), `${file}.part`);
renameSync(`${file}.part`, file);
