/** Runs commands of the built `s2` one after the other in one process, as main.ts runs one; each message is a command. */
import { once } from "node:events";
import { explain } from "../../dist/cli/errors.js";
import { runGuarded } from "../../dist/cli/guard.js";
import { makeProgram } from "../../dist/cli/program.js";

const home = process.cwd();

runGuarded(async () => {
  for (;;) {
    // While a command runs nobody listens, so the channel keeps no process alive whose command waits for nothing.
    const [command] = await once(process, "message");
    process.exitCode = undefined;
    if (command === "end") break;
    process.chdir(command.cwd ?? home);
    try {
      await makeProgram().parseAsync(command.args, { from: "user" });
    } catch (error) {
      process.exitCode = explain(error);
    }
    process.chdir(home); // the test may remove the folder
    delete process.env.S2_DEBUG; // --verbose sets it
    process.stdout.write("\0");
    process.stderr.write("\0");
    process.send(process.exitCode ?? 0);
  }
  process.disconnect();
  setTimeout(() => {
    console.error(`A command left open what keeps its process alive: ${process.getActiveResourcesInfo()}`);
    process.exit(1);
  }, 60_000).unref();
});
