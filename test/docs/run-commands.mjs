/** Runs commands of the built `s2` one after the other in one process, for starting it costs more than most of them; prints how each ended. */
import { readFileSync } from "node:fs";
import { explain } from "../../dist/cli/errors.js";
import { makeProgram } from "../../dist/cli/program.js";

const ended = [];
const { write } = process.stdout;
for (const args of JSON.parse(readFileSync(0, "utf8"))) {
  let [out, err] = ["", ""];
  process.stdout.write = (text) => Boolean((out += text));
  process.stderr.write = (text) => Boolean((err += text));
  process.exitCode = 0;
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = explain(error);
  }
  ended.push({ status: process.exitCode, out, err });
}
process.exitCode = 0;
write.call(process.stdout, JSON.stringify(ended));
