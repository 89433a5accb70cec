/** `s2 models` and `s2 download`: models with short names, and models from the hub for later use without a network. */
import type { Command } from "commander";
import { failingWith, status } from "./errors.ts";
import { inLines, jsonLine, writeResult } from "./output.ts";

const modelsAfter = `
Examples:
  s2 models
  s2 extract photo.jpg --model dinov2-small
  s2 download dinov2-small clip-base

Sizes are of the image model alone; a file has four bytes a parameter. A license is the model's own: read its card on the hub before you
ship it. Any other model of a family in docs/models.md works by owner/name.`;

export function defineModels(program: Command): void {
  program
    .command("models")
    .summary("list models that have short names")
    .description("Lists the models that --model takes by a short name, with size, license and use.")
    .option("--json", "one line of JSON: [{ name, hub, parameters, license, use }]")
    .addHelpText("after", modelsAfter)
    .action(async (flags: { json?: boolean }) => {
      const { NAMED_MODELS } = await import("../runtimes/node/index.ts");
      if (flags.json) return writeResult(jsonLine(NAMED_MODELS));
      const rows = NAMED_MODELS.map(({ name, hub = "included", parameters, license, use }) => [
        ...[name, `${parameters} M`.padStart(6), license, hub, use],
      ]);
      const columns = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
      writeResult(
        inLines(rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(columns[i] + 2))).join(""))),
      );
    });
}

export function defineDownload(program: Command): void {
  program
    .command("download")
    .summary("download models for use without a network")
    .description("Downloads models from the hub into the cache, where every command finds them with --offline.")
    .argument("<MODEL...>", "names of `s2 models`, or owner/name on the hub")
    .option("--json", "a line of JSON per model: { model, folder, bytes }")
    .option("--quiet", "print nothing but failures")
    .addHelpText("after", "\nExamples:\n  s2 download dinov2-small\n  S2_CACHE=models s2 download facebook/dinov2-base")
    .action(async (names: string[], flags: { json?: boolean; quiet?: boolean }) => {
      const { fetchModel } = await import("../runtimes/node/index.ts");
      const { showBytes } = await import("./plan-flags.ts");
      const onProgress = process.stderr.isTTY && !flags.quiet && !flags.json ? showBytes : undefined;
      for (const name of names) {
        const { folder, bytes } = await failingWith(status.model, () => fetchModel(name, { onProgress }));
        if (flags.json) writeResult(jsonLine({ model: name, folder, bytes }));
        else if (!flags.quiet) writeResult(`${name} -> ${folder}  ${(bytes / 1e6).toFixed(1)} MB\n`);
      }
    });
}
