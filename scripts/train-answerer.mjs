/**
 * Trains the answerer of `s2 ask` and puts it into models/answerer: that of s2-tiny 1x+2x+3x, first seed, of `s2 experiment language`, without the
 * ways of looking that come before it there. Scenes are those of scripts/draw-question-scenes.mjs. Resumable; bound to s2-tiny's weights.
 */
import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openContext } from "../dist/cli/open-lab.js";
import { scalesOf } from "../dist/eval/experiments/language.js";
import { evaluateAll } from "../dist/eval/judge-answerers.js";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string", default: "training" },
    store: { type: "string", default: "features/experiments" },
    out: { type: "string", default: fileURLToPath(new URL("../models/answerer", import.meta.url)) },
  },
});
const model = fileURLToPath(new URL("../models/s2-tiny", import.meta.url));
const lab = await openContext("language", { ...flags, model });
const [, , way] = scalesOf(lab, "model");
await evaluateAll(lab, "", [{ ...way, seeds: [1] }]);
await lab.close();
const file = join(flags.out, "answerer.safetensors");
copyFileSync(join(flags.store, `answerers/${way.name.replace(" ", "-")}-1/answerer.safetensors`), `${file}.part`);
renameSync(`${file}.part`, file);
