/**
 * `npm run test:nodes [-- 22 24.9.0 ...]`: runs the suite's core on other versions of Node, which npm's `node` package brings.
 * Without versions: the oldest that package.json allows, by running the built command, and the newer ones by the tests. Prints one line per version,
 * after the whole output of one that fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["core", "tensors", "images", "features", "heads", "metrics"].map((name) => `test/${name}`);
const asked = process.argv.slice(2);

const temp = mkdtempSync(join(tmpdir(), "s2-nodes-"));
process.on("exit", () => rmSync(temp, { recursive: true, force: true }));
let passed = asked.length > 0 || extractOn(installNode(oldest()));
for (const version of asked.length > 0 ? asked : ["22", "24"]) passed = testOn(installNode(version)) && passed;
process.exit(passed ? 0 : 1);

/** Installs a version into a folder of its own and returns the path of its program. */
function installNode(version) {
  const folder = mkdtempSync(join(temp, "node-"));
  // The package's install step fetches the program for this platform, as another package.
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error", `node@${version}`], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  const program = join(folder, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(program)) return program;
  console.error(
    `npm's package node@${version} came without a program. Does npm allow its install step (npm config get ignore-scripts)?`,
  );
  process.exit(1);
}

/** Returns the oldest version that package.json allows, such as 20.12. */
function oldest() {
  return JSON.parse(readFileSync(`${root}package.json`, "utf8")).engines.node.replace(">=", "");
}

/** Runs the tests and returns whether all passed. */
function testOn(program) {
  return report(program, ["scripts/test.mjs", ...folders], "stdout");
}

/** Runs the built command on the example scenes: vitest needs a newer Node than the package does. */
function extractOn(program) {
  const scenes = ["examples/scenes", "--scales", "1,2", "--out", join(temp, "features")];
  return report(program, ["dist/cli/main.js", "extract", ...scenes], "stderr");
}

/** Runs a script by that program, prints the last line of one of its streams, and returns whether it succeeded. */
function report(program, args, stream) {
  const options = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 };
  const version = spawnSync(program, ["--version"], options).stdout.trim();
  const env = { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` }; // for children that are started by name
  const ended = spawnSync(program, args, { ...options, env });
  if (ended.status !== 0) console.error(ended.stdout, ended.stderr);
  console.log(`Node ${version}: ${args[0]}: ${ended[stream].trim().split("\n").at(-1)}`);
  return ended.status === 0;
}
