/** `s2 doctor`: what this machine has and how fast it is, for a start and for reports of problems. */
import type { Command } from "commander";
import { inLines, jsonLine, writeResult } from "./output.ts";
import { status } from "./status.ts";

export function defineDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("check what this machine has, and the speed of a tile")
    .description("Checks the runtime, devices, threads, optional packages and the cache, and measures the bundled model.")
    .option("--json", "one line of JSON")
    .addHelpText("after", "\nExamples:\n  s2 doctor\n  s2 doctor --json > report.json")
    .action(async (flags: { json?: boolean }) => {
      const { checkMachine } = await import("../runtimes/node/index.ts");
      const machine = await checkMachine();
      const lines = machine.map(
        ({ name, value, advice }) => `${name.padEnd(27)} ${value}${advice ? `\n${" ".repeat(28)}${advice}` : ""}`,
      );
      writeResult(flags.json ? jsonLine(Object.fromEntries(machine.map(({ name, ...rest }) => [name, rest]))) : inLines(lines));
      if (machine.some(({ failed }) => failed)) process.exitCode = status.model;
    });
}
