/** Measures the wait on the command line: `s2 extract IMAGE --scales 1,2,3`, from the start of the process to its first line and to its end. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coffee, deitTiny, missing, root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round, spread } from "./timing.mjs";

const cli = join(root, "dist/cli/main.js");
skipIf(!existsSync(cli) && "dist/cli/main.js is not built (npm run build)");
skipIf(missing(deitTiny, coffee));

const runs = [];
for (let i = -1; i < 7; i++) {
  const times = await extractOnce();
  if (i >= 0) runs.push(times); // the first one fills the file cache
}

const complete = runs.map(({ end }) => end);
finish(
  "startup",
  [{ name: "s2 extract, one image, scales 1, 2, 3, to its end", value: round(median(complete) / 1000), unit: "s", bar: 1.2 }],
  {
    runs: runs.length,
    ms: { "to the end": spread(complete), "to the first line": spread(runs.map(({ first }) => first)) },
  },
);

function extractOnce() {
  const out = mkdtempSync(join(tmpdir(), "s2-bench-"));
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let first;
    let said = "";
    const child = spawn(process.execPath, [cli, "extract", coffee, "--model", deitTiny, "--scales", "1,2,3", "--out", out]);
    const hear = (chunk) => {
      first ??= performance.now() - start;
      said += chunk;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", (status) => {
      const end = performance.now() - start;
      rmSync(out, { recursive: true, force: true });
      if (status !== 0) reject(new Error(`s2 extract ended with status ${status}: ${said}`));
      else resolve({ first: first ?? end, end });
    });
  });
}
