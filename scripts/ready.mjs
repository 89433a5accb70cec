/** Makes a fresh clone ready: installs what package-lock.json names, builds when sources are newer than the build. Quiet when ready. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const time = (file) => (existsSync(root + file) ? statSync(root + file).mtimeMs : 0);

/** Runs a program of this project in its folder; ends the process when it fails. */
export function run(program, args, options = {}) {
  const { status, signal } = spawnSync(program, args, { cwd: root, stdio: "inherit", ...options });
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : time(path));
  }
  return latest;
}

const toStderr = { stdio: ["ignore", 2, 2] }; // what a command prints on stdout is its result, not the way there
if (time("node_modules/.package-lock.json") < time("package-lock.json")) run("npm", ["ci", "--no-fund", "--no-audit"], toStderr);
if (time("dist/node.js") < Math.max(newest("src"), time("tsconfig.build.json")))
  run("npm", ["run", "--silent", "build"], toStderr);
