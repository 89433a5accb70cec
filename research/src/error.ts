/** Errors of the commands of this folder: wrong input ends in one sentence, without a stack. */
import type { Command } from "commander";
import { S2Error } from "s2-vision";

/** A refusal whose message says what was received, what was expected and what to do. */
export class ResearchError extends Error {}

/** Runs a command; the exit status is 2 when what was given is refused. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    if (!(error instanceof ResearchError || error instanceof S2Error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 2;
  }
}
