/** Loads hostile files in numbers: `node test/hostile/run.mjs photos --count 3000 --seed 1`, after `npm run build`. */
import { parseArgs } from "node:util";
import { faultsOf, loadAll } from "./load-all.mjs";

const number = (short) => ({ type: "string", ...short });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: number({ default: "3000" }), seed: number({ default: "1" }), seconds: number({ default: "10" }), only: number() },
});
const [corpus] = positionals;
if (!corpus) throw new Error("Which corpus? node test/hostile/run.mjs photos --count 3000 --seed 1");
const counts = {};
const results = await loadAll({
  corpus,
  seed: Number(values.seed),
  count: Number(values.count),
  ...(values.only && { indices: values.only.split(",").map(Number) }),
  seconds: Number(values.seconds),
  onFile(file) {
    counts[file.outcome] = (counts[file.outcome] ?? 0) + 1;
    const [fault] = faultsOf([file]);
    if (fault || values.only) console.log(`${file.i} (${file.kind}): ${file.outcome}, ${file.ms} ms, ${Math.round(file.memory)} MB: ${file.path} ${file.message.slice(0, 600)}`);
  },
});
const slowest = results.reduce((a, b) => (a.ms > b.ms ? a : b));
const largest = results.reduce((a, b) => (a.memory > b.memory ? a : b));
console.log(`${corpus}, seed ${values.seed}: ${results.length} files`, counts);
console.log(`slowest ${slowest.i} (${slowest.kind}) ${slowest.ms} ms; most memory ${largest.i} (${largest.kind}) ${Math.round(largest.memory)} MB`);
process.exitCode = faultsOf(results).length === 0 ? 0 : 1;
