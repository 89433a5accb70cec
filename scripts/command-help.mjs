/** Writes the list of all commands and options into docs/command.md, from the help texts; `--check` compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../docs/command.md", import.meta.url));
const [start, end] = ["<!-- commands -->", "<!-- /commands -->"];

/** The page with its list replaced. */
export async function withCommands(text = readFileSync(page, "utf8")) {
  const { makeProgram } = await import("../dist/cli/program.js");
  const program = makeProgram();
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const sections = commands.map((command) => sectionOf(program, command));
  const before = text.slice(0, text.indexOf(start) + start.length);
  return `${before}\n${sections.join("\n")}\n${text.slice(text.indexOf(end))}`;
}

function sectionOf(program, command) {
  const help = program.createHelp();
  const rows = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  const about = (option) => help.optionDescription(option).replaceAll("|", "\\|");
  const given = help
    .visibleArguments(command)
    .map((argument) => `- \`${argument.name()}\`: ${help.argumentDescription(argument)}`);
  return [
    `### \`${help.commandUsage(command).split(/ [[<]/)[0]}\``,
    `\n${command.description()}\n`,
    `\`${help.commandUsage(command).replaceAll("|", "\\|")}\`\n`,
    ...given.map((line, i) => (i === given.length - 1 ? `${line}\n` : line)),
    ...(rows.length > 0 ? ["| option | |", "| --- | --- |"] : []),
    ...rows.map((option) => `| \`${option.flags}\` | ${about(option)} |`),
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await withCommands();
  if (!process.argv.includes("--check")) writeFileSync(page, text);
  else if (text !== readFileSync(page, "utf8")) {
    console.error("docs/command.md differs from the help texts; run: npm run build && node scripts/command-help.mjs");
    process.exitCode = 1;
  }
}
