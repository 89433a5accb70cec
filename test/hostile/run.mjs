/** Loads hostile files in numbers, after `npm run build`: `node test/hostile/run.mjs models --count 2000 --seed 1`; without names, all corpora. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { faultsOf, loadAll } from "./load-all.mjs";

const text = (more) => ({ type: "string", ...more });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: text(),
    seed: text({ default: "1" }),
    seconds: text({ default: "10" }),
    /** Numbers of the files to load: 12,170. */
    only: text(),
    /** A JSON file that gets the counts; those of other corpora in it stay. */
    out: text(),
  },
});
/** Files of each corpus where no count is given. */
const COUNTS = { images: 3000, models: 2000, data: 2000 };
const seed = Number(values.seed);

function report(file) {
  const [fault] = faultsOf([file]);
  if (!fault && !values.only) return;
  const { i, kind, outcome, ms, memory, path, message } = file;
  console.log(`${i} (${kind}): ${outcome}, ${ms} ms, ${Math.round(memory)} MB: ${path} ${message.slice(0, 600)}`);
}

async function run(corpus) {
  const results = await loadAll({
    ...{ corpus, seed, seconds: Number(values.seconds), onFile: report },
    count: Number(values.count ?? COUNTS[corpus]),
    ...(values.only && { indices: values.only.split(",").map(Number) }),
  });
  const count = (outcome) => results.filter((file) => file.outcome === outcome).length;
  const slowest = results.reduce((a, b) => (a.ms > b.ms ? a : b));
  const largest = results.reduce((a, b) => (a.memory > b.memory ? a : b));
  console.log(`${corpus}: slowest ${slowest.i} (${slowest.kind}); most memory ${largest.i} (${largest.kind})`);
  const figures = {
    ...{ name: corpus, count: results.length, seed, ok: count("ok"), refused: count("refused"), raw: count("raw error") },
    ...{ crashed: count("crash"), hung: count("hang") },
    ...{ slowestSeconds: slowest.ms / 1000, mostMegabytes: Math.round(largest.memory) },
  };
  console.log(JSON.stringify(figures));
  if (faultsOf(results).length > 0) process.exitCode = 1;
  return figures;
}

function save(path, figures) {
  const { corpora } = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { corpora: [] };
  const others = corpora.filter(({ name }) => name !== figures.name);
  const all = { date: new Date().toISOString().slice(0, 10), corpora: [...others, figures] };
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
}

const unknown = positionals.find((name) => !(name in COUNTS));
if (unknown) throw new Error(`There is no corpus "${unknown}"; expected ${Object.keys(COUNTS).join(", ")}.`);
for (const corpus of positionals.length > 0 ? positionals : Object.keys(COUNTS)) {
  const figures = await run(corpus);
  if (values.out) save(values.out, figures);
}
