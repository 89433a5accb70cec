/**
 * `npm run mutate [-- core images tensors heads, or files such as src/core/links.ts] [--incremental]`: mutation testing of the folders' tests.
 * Files run a few at a time in a shuffled order, and each run's counts go to bench/results/mutation.json at once: a run that is stopped early
 * leaves a random sample of a folder. Surviving mutants are printed. Options are passed on to StrykerJS.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./ready.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["core", "images", "tensors", "heads"];
const report = `${root}training/mutation.json`;
const results = `${root}bench/results/mutation.json`;
const filesPerRun = 4;
const filesOf = Object.fromEntries(folders.map((folder) => [folder, sourceFiles(folder)]));

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("--"));
const asked = args
  .filter((arg) => !arg.startsWith("--"))
  .map((arg) => arg.replace(/^(\.\/)?(src\/)?/, "src/").replace(/\/$/, ""));
const isAsked = (file) => asked.length === 0 || asked.some((path) => file === path || file.startsWith(`${path}/`));
const unknown = asked.filter(
  (path) => !folders.some((folder) => filesOf[folder].some((file) => `${file}/`.startsWith(`${path}/`))),
);
if (unknown.length > 0) {
  console.error(
    `Nothing to mutate in ${unknown.join(", ")}; expected ${folders.join(", ")} or a TypeScript file in one of them.`,
  );
  process.exit(2);
}

for (const folder of folders) {
  const files = shuffled(filesOf[folder].filter(isAsked));
  for (let i = 0; i < files.length; i += filesPerRun) {
    const mutate = files.slice(i, i + filesPerRun);
    console.log(`${folder}: files ${i + 1} to ${i + mutate.length} of ${files.length}`);
    rmSync(report, { force: true });
    run("npx", ["stryker", "run", ...options, "--mutate", mutate.join(",")], { env: { ...process.env, S2_MUTATE: folder } });
    keep(existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).files : {}, mutate); // none without mutants
  }
}

function sourceFiles(folder) {
  const names = readdirSync(`${root}src/${folder}`, { recursive: true }).map((name) => name.replaceAll("\\", "/"));
  return names
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${folder}/${name}`)
    .sort();
}

/** Returns the files in a random order that is the same each time (linear congruential generator, seed 1; Fisher and Yates). */
function shuffled(files) {
  let state = 1;
  const order = [...files];
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Adds the counts of `mutated` files to the results and prints the mutants that survived. */
function keep(found, mutated) {
  const before = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")).files : {};
  const files = {};
  for (const file of Object.values(filesOf).flat()) {
    if (!mutated.includes(file)) {
      if (before[file]) files[file] = before[file];
      continue;
    }
    const { source = "", mutants = [] } = found[file] ?? {};
    for (const { status, location, mutatorName, replacement } of mutants)
      if (status === "Survived" || status === "NoCoverage")
        console.log(
          `${file}:${location.start.line}: ${mutatorName} -> ${replacement}\n    ${source.split("\n")[location.start.line - 1].trim()}`,
        );
    files[file] = { date: new Date().toISOString().slice(0, 10), ...countsOf(mutants) };
  }
  const sums = folders.map((folder) => [folder, sumOf(folder, files)]).filter(([, sum]) => sum !== undefined);
  const about =
    "StrykerJS, npm run mutate. score: percent of mutants that a test notices (killed or timeout). Not mutated: string literals (the words of messages) and what runs once at import.";
  mkdirSync(`${root}bench/results`, { recursive: true });
  writeFileSync(results, `${JSON.stringify({ about, folders: Object.fromEntries(sums), files }, undefined, 2)}\n`);
}

function countsOf(mutants) {
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length;
  return withScore({
    killed: count("Killed"),
    timeout: count("Timeout"),
    survived: count("Survived"),
    noCoverage: count("NoCoverage"),
  });
}

/** Adds up the files of a folder; `sample` says how many of its files were run, where some were not. */
function sumOf(folder, files) {
  const counted = filesOf[folder].filter((file) => files[file]).map((file) => files[file]);
  if (counted.length === 0) return undefined;
  const total = (key) => counted.reduce((sum, file) => sum + file[key], 0);
  const all = filesOf[folder].length;
  const sums = {
    killed: total("killed"),
    timeout: total("timeout"),
    survived: total("survived"),
    noCoverage: total("noCoverage"),
  };
  return {
    date: counted.map(({ date }) => date).sort()[0],
    ...(counted.length < all && { sample: `${counted.length} of ${all} files` }),
    ...withScore(sums),
  };
}

function withScore({ killed, timeout, survived, noCoverage }) {
  const mutants = killed + timeout + survived + noCoverage;
  const score = mutants > 0 ? Number(((100 * (killed + timeout)) / mutants).toFixed(1)) : null;
  return { mutants, killed, timeout, survived, noCoverage, score };
}
