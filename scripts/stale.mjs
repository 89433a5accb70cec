/** Finds out what of a clone is out of date, and installs or builds it. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const time = (file) => (existsSync(root + file) ? statSync(root + file).mtimeMs : 0);
const toStderr = { stdio: ["ignore", 2, 2] }; // what a command prints on stdout is its result, not the way there

/** Runs a program of this project in its folder; ends the process when it fails. */
export function run(program, args, options = {}) {
  const shell = process.platform === "win32" && program === "npm"; // npm.cmd there, which only a shell starts
  const { status, signal } = spawnSync(program, args, { cwd: root, stdio: "inherit", shell, ...options });
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
}

/** Installs when what is installed is not what package-lock.json names. Times of files do not show it: a checkout changes them. */
export function installWhenStale() {
  if (!isInstalled()) run("npm", ["ci", "--no-fund", "--no-audit"], toStderr);
}

function isInstalled() {
  const packages = (file) => (existsSync(root + file) ? JSON.parse(readFileSync(root + file, "utf8")).packages : {});
  const installed = packages("node_modules/.package-lock.json"); // npm's own list
  // Optional packages may be for another platform.
  return Object.entries(packages("package-lock.json")).every(
    ([path, { version, optional, devOptional }]) =>
      path === "" || installed[path]?.version === version || (!installed[path] && (optional || devOptional)),
  );
}

/** Builds when a source is newer than the build. */
export function buildWhenStale() {
  if (time("dist/node.js") < Math.max(newest("src"), time("tsconfig.build.json")))
    run("npm", ["run", "--silent", "build"], toStderr);
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : time(path));
  }
  return latest;
}
