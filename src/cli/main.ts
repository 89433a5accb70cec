#!/usr/bin/env node
/** The `s2` command: parses, runs, and turns errors into a sentence and an exit status. */
import { explain, status } from "./errors.ts";
import { makeProgram } from "./program.ts";

// `s2 plan ... | head`: a reader that has enough is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(status.ok);
  throw error;
});

const program = makeProgram();
try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
