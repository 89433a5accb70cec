/** `s2 archive`: features of archives of any size, by one process or by many. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AddFlags, RunFlags } from "./archive-run.ts";
import { readCount, readPositive } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, choice, modelHelp, poolingOption } from "./flags.ts";

const examples = `
Examples:
  s2 archive add photos/ --to archive --scales 1,2
  s2 archive add "shards/*.tar" --to archive --plan-only
  s2 archive resume archive --workers 2
  s2 archive status archive
  s2 archive verify archive
  s2 archive search archive photo.jpg

An archive is a folder (or s3://BUCKET/PREFIX) of shards of about 1,000 images. Any number of workers may work on it at once and be killed at any
moment: each image is stored once, or reported with the reason. docs/archive.md leads through it.`;

export function defineArchive(program: Command): void {
  const archive = program
    .command("archive")
    .summary("extract features of archives of any size, by any number of workers")
    .description("Extracts features of archives of any size into shards, by one process, by many, or by many machines.")
    .addHelpText("after", examples);
  defineAdd(archive);
  defineResume(archive);
  archive
    .command("status")
    .description("Prints how many images and shards are done, set aside and left to do.")
    .argument("<STORE>")
    .option("--json", "one line of JSON: { images, shards }")
    .action(async (store: string, flags: { json?: boolean }) => (await import("./archive-run.ts")).printStatus(store, flags));
  archive
    .command("verify")
    .description(
      "Reads every shard and compares checksums and the plan; names images that could not be read; removes abandoned files.",
    )
    .argument("<STORE>")
    .option("--repair", "remove damaged shards, so that `resume` makes them again")
    .option("--sweep-after <seconds>", "age from which temporary files are abandoned (default: 3600)", readCount(0))
    .option("--json", "one line of JSON: { stored, reported, twice, damaged, swept, remaining }")
    .action(async (store: string, flags) => {
      process.exitCode = await (await import("./archive-run.ts")).verify(store, flags);
    });
  archive
    .command("retry")
    .description("Brings back shards that were set aside after three failures or twenty kills; `resume` works on them.")
    .argument("<STORE>")
    .action(async (store: string) => (await import("./archive-run.ts")).retry(store));
  addModelOptions(
    archive
      .command("search")
      .description("Finds the images of an archive that are similar to an image.")
      .argument("<STORE>")
      .argument("<IMAGE>")
      .option("--model <model>", "another path to the archive's model")
      .option("--top <k>", "most images to print", readCount(1), 10)
      .option("--json", "one line of JSON: { image, hits }")
      .option("--quiet", "no notes"),
  ).action(async (store: string, image: string, flags) => {
    process.exitCode = await (await import("./archive-run.ts")).search(store, image, flags);
  });
}

function defineAdd(archive: Command): void {
  const command = archive
    .command("add")
    .description(
      "Plans images into an archive and extracts their features. SOURCE is an image, a folder, a glob in quotes, a list of paths (.csv, .parquet), a WebDataset .tar or s3://BUCKET/PREFIX.",
    )
    .argument("<SOURCE...>")
    .requiredOption("--to <store>", "the archive: a folder, or s3://BUCKET/PREFIX")
    .option("--model <model>", modelHelp)
    .addOption(choice("--format <format>", "files of the shards (default: safetensors)", "safetensors", "parquet"))
    .addOption(
      choice(
        "--keep <what>",
        "all tokens and a vector of each image, or vectors alone (default: features)",
        "features",
        "vectors",
      ),
    )
    .addOption(poolingOption("the vector of an image"))
    .option("--lancedb", "keep vectors in LanceDB too, where searches are fast")
    .option("--shard-size <n>", "images of a shard (default: 1000)", readCount(1))
    .option("--plan-only", "plan, and leave the work to `s2 archive resume`");
  addRunOptions(addModelOptions(addSizeOptions(command))).action(async (sources: string[], flags: AddFlags) => {
    process.exitCode = await (await import("./archive-run.ts")).add(sources, flags);
  });
}

function defineResume(archive: Command): void {
  const command = archive
    .command("resume")
    .description(
      "Works on the shards that are not done, until none is left. Run it as often and on as many machines as you like.",
    )
    .argument("<STORE>")
    .option("--model <model>", "another path to the archive's model");
  addRunOptions(addModelOptions(command)).action(async (store: string, flags: RunFlags) => {
    process.exitCode = await (await import("./archive-run.ts")).resume(store, flags);
  });
}

function addRunOptions(command: Command): Command {
  return command
    .optionsGroup("Workers:")
    .addOption(new Option("--workers <n>", "processes on this machine (default: 1)").argParser(readCount(1)).conflicts("shard"))
    .option(
      "--shard <i/n>",
      "each n-th shard from the i-th on; `auto` reads SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX",
      readPart,
    )
    .option("--queue <url>", "take shards from a queue in Redis: redis://host:6379 (needs bullmq and ioredis)")
    .option("--claim <seconds>", "time after which a killed worker's shard is given to another (default: 60)", readPositive)
    .option("--metrics <file>", "write Prometheus metrics to a file every 10 seconds")
    .option("--metrics-port <port>", "serve Prometheus metrics on 127.0.0.1, or on HOST:PORT")
    .option("--json", "one line of JSON at the end: { images, shards }")
    .option("--quiet", "print nothing but failures");
}

/** Reads "3/10", or "auto" for a task of a job array, which counts from its lowest number. */
function readPart(text: string): readonly [number, number] {
  const { SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_MIN = "0", SLURM_ARRAY_TASK_COUNT } = process.env;
  const { JOB_COMPLETION_INDEX, JOB_COMPLETIONS } = process.env;
  const found = /^(\d+)\/(\d+)$/.exec(text);
  if (found && Number(found[1]) < Number(found[2])) return [Number(found[1]), Number(found[2])];
  if (text === "auto" && SLURM_ARRAY_TASK_ID && SLURM_ARRAY_TASK_COUNT)
    return [Number(SLURM_ARRAY_TASK_ID) - Number(SLURM_ARRAY_TASK_MIN), Number(SLURM_ARRAY_TASK_COUNT)];
  if (text === "auto" && JOB_COMPLETION_INDEX && JOB_COMPLETIONS) return [Number(JOB_COMPLETION_INDEX), Number(JOB_COMPLETIONS)];
  throw new InvalidArgumentError(
    "Expected i/n with i from 0 to n - 1, or auto with SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, or JOB_COMPLETION_INDEX and JOB_COMPLETIONS.",
  );
}
