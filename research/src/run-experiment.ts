/** `npm run experiment`: lists the paper's experiments, runs one and writes its page, or writes pages again from the figures that are there. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import type { ExperimentContext } from "./context.ts";
import { ResearchError, runCommand } from "./error.ts";
import type { Experiment } from "./experiment.ts";
import { experiments, findExperiment } from "./experiments/index.ts";
import { type ContextOptions, locateModel, openContext, version } from "./open-context.ts";
import type { Outcome, Result } from "./result.ts";
import { refuseForeign, resultNames, writeIndex, writePage } from "./write-results.ts";

interface Flags extends Omit<ContextOptions, "model"> {
  readonly model?: string;
  readonly render?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  npm run experiment
  npm run experiment -- classification --model ../shared/models/deit_tiny_patch16_224 --data ../shared/data
  npm run experiment -- bundled --model models/s2-tiny --larger ../shared/models/deit_tiny_patch16_224 --data ../shared/data
  npm run experiment -- ladder --models ../shared/models models --data ../shared/data
  npm run experiment -- --render

Without NAME the experiments are listed. Figures go to NAME.json; NAME.md, the plots (SVG, PNG) and README.md are made from it, and --render
makes them again without running anything. Features are kept in --store: experiments share them, and an interrupted run resumes. The exit status
is 0, 1 when some images could not be used, or 2 when options or data are refused.`;

const count = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new ResearchError(`Got ${text}; expected a whole number.`);
};

const command = new Command("npm run experiment --")
  .description("Runs an experiment on frozen features and writes its results: figures as JSON, a page, plots.")
  .argument("[NAME]")
  .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub")
  .option("--larger <model>", "a larger model to compare with; without one its rows are left out")
  .option("--other <model>", "another model of the same size, for the experiment bundled")
  .option("--models <folder...>", "folders of the models of the ladder, for experiments that compare them")
  .option(
    "--data <folder>",
    "folder of the data sets clothing, camvid, coco128, depth/osd, depth/rooms, pcb, bccd, grocery",
    "data",
  )
  .option("--store <folder>", "folder where features are kept from run to run", "features/experiments")
  .option("-o, --out <folder>", "folder of the results", "research/results")
  .addOption(new Option("--threads <n>", "threads of a model").argParser(count).default(1))
  .addOption(new Option("--prefix-tokens <n>", "tokens before the grid, where the model's files do not say it").argParser(count))
  .addOption(new Option("--patch-size <pixels>", "pixels of a token, where the model's files do not say it").argParser(count))
  .option("--render", "write pages, plots and index again from the figures that are there")
  .option("--json", "print the figures too")
  .option("--quiet", "no progress")
  .addHelpText("after", examples)
  .action(async (name: string | undefined, flags: Flags) => {
    process.exitCode = flags.render ? await render(name, flags) : name === undefined ? list() : await runAndWrite(name, flags);
  });

const machine = { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length, node: process.version };

function list(): number {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  for (const { name, question } of experiments) console.log(`${name.padEnd(width)}  ${question}`);
  return 0;
}

async function runAndWrite(name: string, { model: given, ...flags }: Flags): Promise<number> {
  const experiment = findExperiment(name);
  const model = experiment.withoutModel
    ? undefined
    : (given ?? experiment.ladder?.map((path) => locateModel(flags.models, path)).find((path) => path !== undefined));
  if (!model && !experiment.withoutModel)
    throw new ResearchError(
      experiment.ladder
        ? `No folder of --models has one of ${experiment.ladder.join(", ")}; give --models.`
        : "The page of an experiment names its model; give --model.",
    );
  refuseForeign(flags.out, [`${name}.json`, "README.md"]);
  const quiet = flags.quiet || flags.json;
  const result = model ? await run(experiment, { ...flags, model, quiet }) : await construct(experiment);
  await writePage(flags.out, result);
  await writeIndex(flags.out);
  const lines = [join(flags.out, `${name}.md`), ...result.findings.map((each) => `  ${each}`)];
  console.log(flags.json ? JSON.stringify(result) : lines.join("\n"));
  return result.issues.length > 0 ? 1 : 0;
}

async function run({ name, title, question, ladder, run }: Experiment, options: ContextOptions): Promise<Result> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => stop.abort(new ResearchError("Stopped; the same command resumes.")));
  const context = await openContext(name, { ...options, signal: stop.signal });
  const resultOf = (outcome: Outcome): Result => ({
    ...{ name, title, question },
    ...outcome,
    command: commandOf(name, options, ladder !== undefined),
    machine,
    models: context.models,
    version,
    issues: context.issues,
  });
  try {
    return resultOf(await run({ ...context, publish: (outcome) => writePage(options.out, resultOf(outcome)) }));
  } finally {
    await context.close();
  }
}

/** Figures of an experiment that has no model. */
async function construct({ name, title, question, run }: Experiment): Promise<Result> {
  return {
    ...{ name, title, question },
    ...(await run({} as ExperimentContext)),
    ...{ command: `npm run experiment -- ${name}`, machine, models: [], version, issues: [] },
  };
}

/** The command without the options that change no figure. */
function commandOf(name: string, { model, larger, other, models, data }: ContextOptions, onLadder: boolean): string {
  if (onLadder) return `npm run experiment -- ${name} --models ${models?.join(" ")} --data ${data}`;
  const others = [larger && `--larger ${larger}`, other && `--other ${other}`, models && `--models ${models.join(" ")}`];
  return [`npm run experiment -- ${name} --model ${model}`, ...others.filter(Boolean), `--data ${data}`].join(" ");
}

async function render(name: string | undefined, { out, quiet }: Flags): Promise<number> {
  const names = name === undefined ? resultNames(out) : [findExperiment(name).name];
  for (const each of names) {
    await writePage(out, JSON.parse(readFileSync(join(out, `${each}.json`), "utf8")) as Result);
    if (!quiet) console.log(join(out, `${each}.md`));
  }
  await writeIndex(out);
  return 0;
}

await runCommand(command);
