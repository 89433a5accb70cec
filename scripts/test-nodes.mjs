/**
 * `npm run test:nodes [-- 22 24.9.0 ...]`: runs the tests of what every user needs on other versions of Node, from npm's `node` package, which brings the
 * program itself. Prints one line per version; the output of a run that fails goes before its line.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
// Native modules are left out where a folder can do without: the tests of runtimes are for `npm test` on each version, in CI.
const folders = ["core", "tensors", "images", "features", "heads", "metrics"].map((name) => `test/${name}`);
const asked = process.argv.slice(2);
const versions = asked.length > 0 ? asked : ["22", "24"];

const temp = mkdtempSync(join(tmpdir(), "s2-nodes-"));
let failed = false;
try {
  for (const version of versions) failed = !testOn(installNode(version)) || failed;
} finally {
  rmSync(temp, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Installs a version into a folder of its own and returns the path of its program. */
function installNode(version) {
  const folder = mkdtempSync(join(temp, "node-"));
  // The package's install step fetches the program for this platform, as another package.
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error", `node@${version}`], { cwd: folder, stdio: ["ignore", 2, 2] });
  const program = join(folder, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(program)) return program;
  console.error(`npm's package node@${version} came without a program. Does npm allow its install step (npm config get ignore-scripts)?`);
  process.exit(1);
}

/** Runs the tests with that program; children that they start by name find it first. Returns whether all passed. */
function testOn(program) {
  const env = { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` };
  const output = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 };
  const name = spawnSync(program, ["--version"], output).stdout.trim();
  const { status, stdout, stderr } = spawnSync(program, ["scripts/test.mjs", ...folders], { ...output, env });
  if (status !== 0) console.error(stdout, stderr);
  console.log(`Node ${name}: ${stdout.trim().split("\n").at(-1)}`);
  return status === 0;
}
