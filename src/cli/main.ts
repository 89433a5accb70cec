#!/usr/bin/env node
/** The `s2` command. */
import { runGuarded } from "./guard.ts";
import { makeProgram } from "./program.ts";

runGuarded(async () => {
  const program = makeProgram();
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
});
