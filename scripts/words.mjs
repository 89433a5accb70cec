/**
 * Finds words and phrases that this project replaced by the field's terms, in names, comments, strings, docs and file names.
 * `node scripts/words.mjs [path...]` prints them by file; `--counts` only how many of each; `--lower` lowers the ceilings of the list to them.
 * The list is test/docs/words.json: `use` instead of what `pattern` finds, `in` names (identifiers and file names) or prose, else in both;
 * `not` are lines and paths where it is right, with the reason. Patterns see camelCase, kebab-case and snake_case as separate words.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { root } from "./entries.mjs";

const listPath = `${root}test/docs/words.json`;

const split = (text) => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[-_/]/g, " ");

/** Reads the list, with its patterns compiled: those without capital letters ignore case. */
export function readList() {
  return JSON.parse(readFileSync(listPath, "utf8")).map((rule) => ({
    ...rule,
    regexp: new RegExp(rule.pattern, /[A-Z]/.test(rule.pattern.replace(/\\[A-Z]/g, "")) ? "g" : "gi"),
    excepted: (rule.not ?? []).map(({ line, path, why }) => ({
      why,
      line: new RegExp(line ?? "", "i"),
      path: new RegExp(path ?? ""),
    })),
  }));
}

/** Lists what the rules find: `{ rule, path, line, text, found }`, line 0 for the file's name; the exceptions that applied go to `used`. */
export function findWords(rules = readList(), used = new Set()) {
  return listFiles().flatMap((path) => searchText(path, readFileSync(root + path, "utf8"), rules, used));
}

/** Lists what the rules find in one file. */
export function searchText(path, text, rules, used = new Set()) {
  const lines = text.split("\n");
  const found = [];
  for (const { line, words, where } of separate(path, text))
    for (const rule of rules) {
      if (rule.in && rule.in !== where) continue;
      for (const [match] of words.matchAll(rule.regexp)) {
        const source = line === 0 ? path : lines[line - 1].trim();
        const exception = rule.excepted.find((each) => each.line.test(source) && each.path.test(path));
        if (exception) used.add(exception);
        else found.push({ rule, path, line, text: source, found: match.trim() });
      }
    }
  return found;
}

function listFiles() {
  const folders = ["src", "research", "docs", "playground", "scripts", "examples", "bench"].filter((folder) =>
    existsSync(root + folder),
  );
  const below = (folder) => readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`);
  return [...folders.flatMap(below), "README.md", "CONTRIBUTING.md", "models/MODEL_CARD.md"]
    .filter((path) => /\.(ts|mts|mjs|md|py|html)$/.test(path) && !/node_modules|\/dist\/|^docs\/api\//.test(path))
    .sort();
}

/** Separates the names of a file, its own among them, from the rest of its text, line by line. */
function separate(path, text) {
  const parts = [{ line: 0, words: split(path.replace(/\.\w+$/, "")), where: "names" }];
  const [names, prose] = /\.m?ts$|\.mjs$/.test(path) ? separateCode(path, text) : [[], text];
  for (const { line, name } of names) parts.push({ line, words: split(name), where: "names" });
  for (const [i, words] of prose.split("\n").entries()) {
    parts.push({ line: i + 1, words: split(words), where: "prose" });
    if (path.endsWith(".md"))
      for (const [, name] of words.matchAll(/`(\w+)`/g)) parts.push({ line: i + 1, words: split(name), where: "names" });
  }
  return parts;
}

/** Lists the identifiers of code, and blanks them out of it. */
function separateCode(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const names = [];
  let prose = "";
  const visit = (node) => {
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return ts.forEachChild(node, visit);
    const start = node.getStart(file);
    names.push({ line: file.getLineAndCharacterOfPosition(start).line + 1, name: node.text });
    prose += text.slice(prose.length, start) + " ".repeat(node.end - start);
  };
  visit(file);
  return [names, prose + text.slice(prose.length)];
}

function print(args) {
  const rules = readList();
  const paths = args.filter((arg) => !arg.startsWith("--"));
  const all = findWords(rules);
  const shown = paths.length ? all.filter(({ path }) => paths.some((each) => path.startsWith(each))) : all;
  let last = "";
  for (const { rule, path, line, text, found } of args.includes("--counts") ? [] : shown) {
    if (path !== last) console.log((last = path));
    console.log(`  ${line || "file name"}: "${found}", use ${rule.use}: ${text.slice(0, 140)}`);
  }
  const counts = rules.map((rule) => shown.filter((each) => each.rule === rule).length);
  for (const [i, { use, pattern, ceiling }] of rules.entries())
    console.log(`${String(counts[i]).padStart(5)} of ${String(ceiling).padEnd(5)} use ${use}: ${pattern.slice(0, 80)}`);
  console.log(`${shown.length} in all`);
  if (!args.includes("--lower") || paths.length) return;
  const list = JSON.parse(readFileSync(listPath, "utf8")).map((rule, i) => ({
    ...rule,
    ceiling: Math.min(rule.ceiling, counts[i]),
  }));
  writeFileSync(listPath, `${JSON.stringify(list, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print(process.argv.slice(2));
