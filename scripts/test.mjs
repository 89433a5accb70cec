/** `npm test`: installs what is needed, then style, types, floors and every test; ends with a line that counts them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const args = process.argv.slice(2);
if (args.length === 0) for (const script of ["check", "check:package"]) run("npm", ["run", "--silent", script]);

const folder = mkdtempSync(join(tmpdir(), "s2-test-"));
const report = join(folder, "report.json");
const vitest = [
  fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url)),
  "run",
  ...args,
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
];
const { status } = spawnSync(process.execPath, vitest, { stdio: "inherit" }); // npx would pick the Node on PATH
let failed = status !== 0;
try {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  console.log(`${numPassedTests} passed, ${numFailedTests + brokenFiles} failed, ${numPendingTests} skipped`);
  failed ||= numPassedTests === 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
