/**
 * `npm run mutate [-- FOLDER or FILE of src ...]`: mutation testing of what the tests of core, images, tensors and heads hold. The counts of
 * every file that was run go to bench/results/mutation.json; those of other files stay. Each mutant that survived is printed.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["core", "images", "tensors", "heads"];
const results = `${root}bench/results/mutation.json`;
const asked = process.argv.slice(2);

for (const folder of folders) {
  const paths = asked.length === 0 ? [`src/${folder}`] : asked.filter((path) => `${path}/`.startsWith(`src/${folder}/`));
  if (paths.length === 0) continue;
  const report = `${root}training/mutation.json`;
  const mutate = paths.map((path) => (statSync(root + path).isDirectory() ? `${path}/**/*.ts` : path));
  run("npx", ["stryker", "run", "--mutate", mutate.join(",")], { env: { ...process.env, S2_MUTATE: folder } });
  keep(JSON.parse(readFileSync(report, "utf8")));
}

/** Writes what a run found, file by file. */
function keep({ files }) {
  const before = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")).files : {};
  const counted = Object.entries(files).map(([path, { source, mutants }]) => {
    for (const { status, location, mutatorName, replacement } of mutants)
      if (status === "Survived" || status === "NoCoverage")
        console.log(
          `${path}:${location.start.line}: ${mutatorName} -> ${replacement}\n    ${source.split("\n")[location.start.line - 1].trim()}`,
        );
    return [path, { date: new Date().toISOString().slice(0, 10), ...countsOf(mutants) }];
  });
  const all = Object.fromEntries(Object.entries({ ...before, ...Object.fromEntries(counted) }).sort());
  const sums = folders
    .map((folder) => [folder, sumOf(Object.entries(all).filter(([path]) => path.startsWith(`src/${folder}/`)))])
    .filter(([, { files }]) => files > 0);
  mkdirSync(`${root}bench/results`, { recursive: true });
  const about = "StrykerJS, npm run mutate; the words of messages (string literals) and what runs once at import are not mutated";
  writeFileSync(results, `${JSON.stringify({ about, folders: Object.fromEntries(sums), files: all }, undefined, 2)}\n`);
}

function countsOf(mutants) {
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  return { killed: count("Killed", "Timeout"), survived: count("Survived"), uncovered: count("NoCoverage") };
}

function sumOf(files) {
  const sum = { files: files.length, killed: 0, survived: 0, uncovered: 0 };
  for (const [, counts] of files) for (const key of ["killed", "survived", "uncovered"]) sum[key] += counts[key];
  const all = sum.killed + sum.survived + sum.uncovered;
  return { ...sum, percent: all > 0 ? Number(((100 * sum.killed) / all).toFixed(1)) : 0 };
}
