/**
 * Prints the public names of every entry, and which of them have no docstring: `node scripts/public-names.mjs [./entry] [--undocumented]`;
 * or, with `--docstrings`, the docstrings of src that begin with a question word.
 * Names that several entries export count once, those marked @internal not at all. test/docs/public-names.test.ts holds the bounds.
 */
import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { entries, root } from "./entries.mjs";

/** Reads tsconfig.json and the sources of all entries. */
export function createProgram() {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, "utf8"));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return ts.createProgram(
    entries().map(({ source }) => root + source),
    options,
  );
}

/**
 * Lists the distinct symbols that entries export.
 * @returns for each its `name`, the `entries` that export it, `at` (file:line of its declaration), `documented`, and
 * `undocumented`: its properties and methods without a docstring, where it is a type or a class of this package.
 */
export function publicNames(program = createProgram()) {
  const checker = program.getTypeChecker();
  const found = new Map();
  for (const { entry, source } of entries()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(root + source));
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (isInternal(symbol)) continue;
      const known = found.get(symbol);
      if (known) known.entries.push(entry);
      else found.set(symbol, { name: exported.name, entries: [entry], ...describe(symbol, checker) });
    }
  }
  return mergeRuntimes([...found.values()]);
}

/** Counts what ./node and ./web each declare under one name (`loadModel`) as one: to a user it is one name, whichever runtime is imported. */
function mergeRuntimes(names) {
  const inPages = new Map(names.filter(({ entries }) => entries.join() === "./web").map((each) => [each.name, each]));
  const merged = names.map((each) => {
    const twin = each.entries.join() === "./node" ? inPages.get(each.name) : undefined;
    if (!twin) return each;
    inPages.delete(each.name);
    const undocumented = [...new Set([...each.undocumented, ...twin.undocumented])];
    return { ...each, entries: ["./node", "./web"], documented: each.documented && twin.documented, undocumented };
  });
  return merged.filter((each) => each.entries.join() !== "./web" || inPages.get(each.name) === each);
}

const isInternal = (symbol) => symbol.getJsDocTags().some(({ name }) => name === "internal");

function describe(symbol, checker) {
  const isDocumented = (each) => ts.displayPartsToString(each.getDocumentationComment(checker)).trim() !== "";
  const members = (symbol.declarations ?? []).flatMap((declaration) => {
    const type = ts.isTypeAliasDeclaration(declaration) ? declaration.type : declaration;
    const types = ts.isIntersectionTypeNode(type) || ts.isUnionTypeNode(type) ? type.types : [type];
    return types.flatMap((each) =>
      ts.isInterfaceDeclaration(each) || ts.isTypeLiteralNode(each) || ts.isClassDeclaration(each) ? [...each.members] : [],
    );
  });
  const isPrivate = (member) =>
    ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private || (member.name && ts.isPrivateIdentifier(member.name));
  const undocumented = members
    .filter((member) => member.name && !isPrivate(member))
    .map((member) => checker.getSymbolAtLocation(member.name))
    .filter((each) => each && !isInternal(each) && !isDocumented(each))
    .map((each) => each.name);
  return { at: position(symbol.declarations?.[0]), documented: isDocumented(symbol), undocumented: [...new Set(undocumented)] };
}

function position(node) {
  if (!node) return "";
  const file = node.getSourceFile();
  return `${relative(root, file.fileName)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

/** Lists every docstring of the files: where it is, and its text without stars. */
function docstrings(paths) {
  return paths.flatMap((path) => {
    const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const found = new Map();
    const visit = (node) => {
      for (const doc of node.jsDoc ?? []) found.set(doc.pos, doc);
      for (const child of node.getChildren(file)) if (!ts.isJSDoc(child)) visit(child);
    };
    visit(file);
    return [...found.values()].map((doc) => ({
      at: position(doc),
      text: doc
        .getText(file)
        .replace(/^\/\*\*|\*\/$/g, "")
        .replace(/^\s*\* ?/gm, "")
        .trim(),
    }));
  });
}

/** Lists the docstrings of src, and those that begin with a question word instead of a verb or a noun phrase. */
export function questionDocstrings() {
  const paths = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const all = docstrings(paths.map((path) => `${root}src/${path}`));
  return { all, questions: all.filter(({ text }) => /^(Of|What|Whether|As|Those|Who|How)\b/.test(text)) };
}

function printDocstrings() {
  const { all, questions } = questionDocstrings();
  for (const { at, text } of questions) console.log(`${at}  ${text.split("\n")[0]}`);
  console.log(`${questions.length} of ${all.length} docstrings begin with a question word`);
}

function printNames(args) {
  const asked = args.find((arg) => !arg.startsWith("--"));
  const names = publicNames();
  for (const { entry } of entries()) {
    if (asked && asked !== entry) continue;
    const exported = names
      .filter((name) => name.entries.includes(entry))
      .sort((a, b) => a.at.localeCompare(b.at, "en", { numeric: true }));
    const missing = exported.filter(({ documented }) => !documented).length;
    const members = exported.reduce((sum, { undocumented }) => sum + undocumented.length, 0);
    console.log(`${entry}: ${exported.length} names, ${missing} without a docstring; ${members} properties without one`);
    for (const { name, at, documented, undocumented, entries } of exported) {
      if (args.includes("--undocumented") && documented && undocumented.length === 0) continue;
      const also = entries.filter((other) => other !== entry).join(" ");
      const notes = [
        documented ? "" : "NO DOCSTRING",
        undocumented.length ? `no docstring: ${undocumented.join(", ")}` : "",
        also && `also ${also}`,
      ];
      console.log(`  ${name.padEnd(32)} ${at}  ${notes.filter(Boolean).join("; ")}`.trimEnd());
    }
  }
  console.log(
    `${names.length} distinct public names, ${names.filter(({ documented }) => !documented).length} without a docstring`,
  );
}

const args = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) args.includes("--docstrings") ? printDocstrings() : printNames(args);
