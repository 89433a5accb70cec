/** `s2 completion`: scripts that complete subcommands and options in a shell, made from the commands themselves. */
import { Argument, type Command, Option } from "commander";
import { writeResult } from "./output.ts";

export function defineCompletion(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes commands in a shell")
    .description("Prints a script by which a shell completes subcommands, options and their choices.")
    .addArgument(new Argument("<SHELL>").choices(Object.keys(scripts)))
    .addHelpText(
      "after",
      "\nExamples:\n  source <(s2 completion bash)                          # in ~/.bashrc\n  source <(s2 completion zsh)                           # in ~/.zshrc\n  s2 completion fish > ~/.config/fish/completions/s2.fish",
    )
    .action((shell: string) => writeResult(scripts[shell](program)));
}

interface Completion {
  readonly command: string;
  readonly about: string;
  /** Commands below it, as of `s2 archive`. */
  readonly below: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly { readonly flag: string; readonly about: string; readonly choices: readonly string[] }[];
}

function completionsOf(program: Command): Completion[] {
  return program.commands.map((command) => ({
    command: command.name(),
    about: command.summary(),
    below: command.commands.map((each) => ({ name: each.name(), about: each.description().split(/[.;,]/)[0] })),
    options: optionsOf(command).flatMap((option) =>
      option.long && !option.hidden
        ? [
            {
              flag: option.long,
              about: option.description
                .replace(/^default: /, "")
                .split(/[:;(]/)[0]
                .trim(),
              choices: option.argChoices ?? [],
            },
          ]
        : [],
    ),
  }));
}

/** Options of a command and of those below it, each once. */
function optionsOf(command: Command): Option[] {
  const all = [command, ...command.commands].flatMap(({ options }) => options);
  return [...new Map([...all, new Option("--help", "display help")].map((option) => [option.long, option])).values()];
}

const words = (list: readonly string[]) => list.join(" ");

/** Other words are files, which bash completes by itself (`-o default`). */
function bash(program: Command): string {
  const all = completionsOf(program);
  const choices = new Map<string, Set<string>>(); // of all commands that have the flag
  for (const { flag, choices: list } of all.flatMap(({ options }) => options))
    if (list.length > 0) choices.set(flag, new Set([...(choices.get(flag) ?? []), ...list]));
  return `_s2() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} list=""
  case "$before" in
${[...choices].map(([flag, list]) => `    ${flag}) COMPREPLY=($(compgen -W "${words([...list])}" -- "$word")); return;;`).join("\n")}
  esac
  if [ "$COMP_CWORD" = 1 ]; then list="${words(all.map(({ command }) => command))} help --help --version"
  elif [ "$COMP_CWORD" = 2 ] && [ "\${word#-}" = "$word" ]; then case "\${COMP_WORDS[1]}" in
${all
  .filter(({ below }) => below.length > 0)
  .map(({ command, below }) => `    ${command}) list="${words(below.map(({ name }) => name))}";;`)
  .join("\n")}
  esac
  else case "$word" in -*) case "\${COMP_WORDS[1]}" in
${all.map(({ command, options }) => `    ${command}) list="${words(options.map(({ flag }) => flag))}";;`).join("\n")}
  esac;; esac; fi
  COMPREPLY=($(compgen -W "$list" -- "$word"))
}
complete -o default -F _s2 s2
`;
}

/** zsh runs bash's function. */
const zsh = (program: Command): string =>
  `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(program)}`;

function fish(program: Command): string {
  const quote = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = completionsOf(program).flatMap(({ command, about, below, options }) => [
    `complete -c s2 -n __fish_use_subcommand -f -a ${command} -d ${quote(about)}`,
    ...below.map(
      (each) => `complete -c s2 -n ${quote(`__fish_seen_subcommand_from ${command}`)} -a ${each.name} -d ${quote(each.about)}`,
    ),
    ...options.map(({ flag, about: text, choices }) => {
      const given = choices.length > 0 ? ` -x -a ${quote(words(choices))}` : "";
      return `complete -c s2 -n ${quote(`__fish_seen_subcommand_from ${command}`)} -l ${flag.slice(2)}${given} -d ${quote(text)}`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}

/** Shells and their scripts. */
const scripts: Readonly<Record<string, (program: Command) => string>> = { bash, zsh, fish };
