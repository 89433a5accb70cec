/** The tree of commands with their help. What a command needs to run is imported when it runs, so that help is fast. */
import { Command } from "commander";
import { readVersion } from "../runtimes/node/version.ts";
import { defineArchive } from "./archive.ts";
import { defineCompletion } from "./completion.ts";
import { defineDoctor } from "./doctor.ts";
import { defineDuplicates } from "./duplicates.ts";
import { defineExtract } from "./extract.ts";
import { defineBuild, defineConvert, defineExport, defineQuantize, defineVisionEncoder } from "./graphs.ts";
import { defineAdvise, defineEval, defineFit, definePredict } from "./heads.ts";
import { defineInspect } from "./inspect.ts";
import { defineLabel } from "./label.ts";
import { defineDownload, defineModels } from "./models.ts";
import { writeMessage, writeResult } from "./output.ts";
import { definePlan } from "./plan.ts";
import { defineMcp, defineServe } from "./serve.ts";
import { defineSimilar } from "./similar.ts";
import { defineTrain } from "./train.ts";

const after = `
Examples:
  s2 extract photo.jpg --scales 1,2,3 --picture
  s2 plan 1920x1080 --scales 1,2,3
  s2 similar photo.jpg --at 320,240 --in photos/
  s2 fit clothing/ --scales 1,2,3 -o heads/clothing
  s2 predict heads/clothing photo.jpg
  s2 label photos/
  s2 advise clothing/
  s2 inspect onnx-community/dinov2-small-ONNX
  s2 export --scales 1,2,3 -o s2.onnx

Exit status: 0 success; 1 some images failed; 2 wrong options, or --out cannot be written; 3 the model does not load or fit;
4 no image could be read; 70 an unexpected error (S2_DEBUG=1 shows the stack); 130 ended by Ctrl-C, 143 by SIGTERM, 129 by a closed terminal;
141 nobody read the result to its end (s2 plan photo.jpg | head -1). Commands that write files go on when nobody reads their report.`;

const commands = [
  ...[defineExtract, definePlan, defineSimilar, defineDuplicates],
  ...[defineFit, definePredict, defineEval, defineLabel, defineAdvise, defineInspect],
  ...[defineBuild, defineExport, defineVisionEncoder, defineQuantize, defineConvert, defineTrain],
  ...[defineServe, defineMcp, defineArchive],
  ...[defineModels, defineDownload, defineDoctor, defineCompletion],
];

export function makeProgram(): Command {
  const program = new Command("s2")
    .description("S² (Scaling on Scales): multi-scale features of images from a small vision model.")
    .version(readVersion())
    .exitOverride() // main.ts decides the exit status
    .configureOutput({ writeOut: writeResult, writeErr: writeMessage })
    .showHelpAfterError("(--help lists the options)")
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 120, 120) })
    .addHelpText("after", after)
    .hook("preAction", (_, command) => {
      if (command.opts().verbose) process.env.S2_DEBUG = "1";
    });
  for (const define of commands) define(program);
  return program;
}
