/** Lets `npx s2` work inside this project too: npm links the commands of dependencies, not a project's own. */
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const command = fileURLToPath(new URL("dist/cli/main.js", root));
const link = fileURLToPath(new URL("node_modules/.bin/s2", root));
if (process.platform !== "win32" && existsSync(command)) {
  chmodSync(command, 0o755);
  mkdirSync(new URL("node_modules/.bin", root), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync("../../dist/cli/main.js", link);
}
