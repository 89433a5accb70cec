/** The work of `s2 experiment`: lists, runs one and writes its result, or writes pages again from figures that are there. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import { type Experiment, experiments, findExperiment, type Result } from "../eval/index.ts";
import { readVersion, refuseForeign } from "../runtimes/node/index.ts";
import type { ExperimentFlags } from "./command-flags.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { openContext } from "./open-lab.ts";
import { writeReport, writeResult } from "./output.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";
import { resultNames, writeIndex, writePage } from "./write-results.ts";

/** Returns the exit status. */
export async function runExperiment(name: string | undefined, flags: ExperimentFlags): Promise<number> {
  if (flags.render) return render(name, flags);
  if (name === undefined) {
    const lines = table(
      ["NAME", "QUESTION"],
      experiments.map((each) => [each.name, each.question]),
    );
    writeResult(`${lines.join("\n")}\n`);
    return status.ok;
  }
  const experiment = findExperiment(experiments, name);
  if (!flags.model) throw new S2Error("experiment", "An experiment names its model on its page; give --model.");
  refuseForeign([`${name}.json`, "README.md"].map((file) => ({ path: join(flags.out, file) })));
  listenForInterrupt();
  const result = await run(experiment, flags);
  await writePage(flags.out, result);
  writeIndex(flags.out);
  if (flags.json) writeReport(`${JSON.stringify(result)}\n`);
  else writeReport(`${[join(flags.out, `${name}.md`), ...result.findings.map((each) => `  ${each}`)].join("\n")}\n`);
  return result.problems.length > 0 ? status.someFailed : status.ok;
}

async function run(experiment: Experiment, flags: ExperimentFlags): Promise<Result> {
  const { name, title, question } = experiment;
  const lab = await openContext(name, flags);
  try {
    const found = await experiment.run(lab);
    return {
      ...{ name, title, question },
      ...found,
      command: commandOf(name, flags),
      machine: { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length, node: process.version },
      models: lab.models,
      version: readVersion(),
      problems: lab.problems,
    };
  } finally {
    await lab.close();
  }
}

/** What was typed, but for where things are kept and what is printed. */
function commandOf(name: string, { model, larger, other, data }: ExperimentFlags): string {
  return `npx s2 experiment ${name} --model ${model}${larger ? ` --larger ${larger}` : ""}${other ? ` --other ${other}` : ""} --data ${data}`;
}

async function render(name: string | undefined, { out, quiet }: ExperimentFlags): Promise<number> {
  const names = name === undefined ? resultNames(out) : [findExperiment(experiments, name).name];
  for (const each of names) {
    await writePage(out, JSON.parse(readFileSync(join(out, `${each}.json`), "utf8")) as Result);
    if (!quiet) writeReport(`${join(out, `${each}.md`)}\n`);
  }
  writeIndex(out);
  return status.ok;
}
