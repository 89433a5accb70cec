/**
 * `npm run release -- patch|minor|major|1.2.3`: names the new version in package.json, package-lock.json, CITATION.cff and CHANGELOG.md, commits and tags.
 * It pushes nothing. `node scripts/release.mjs notes v1.2.3` prints the changelog's section of a version that all four files name.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { citeVersion, closeUnreleased, notesOf } from "./changelog.mjs";
import { run } from "./stale.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (name) => readFileSync(root + name, "utf8");
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const files = ["package.json", "package-lock.json", "CITATION.cff", "CHANGELOG.md"];

const [command, tag] = process.argv.slice(2);
try {
  if (command === "notes") console.log(checkedNotes(tag));
  else if (/^(patch|minor|major|\d+\.\d+\.\d+)$/.test(command ?? "")) release(command);
  else throw new Error("Expected npm run release -- patch, minor, major, or a version such as 1.2.3.");
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(2);
}

/** Writes the four files, commits them and tags the commit. */
function release(version) {
  const branch = git("branch", "--show-current");
  if (branch !== "main") throw new Error(`The branch is ${branch}; releases are made on main.`);
  if (git("status", "--porcelain") !== "")
    throw new Error("There are changes that are not committed. Commit or remove them first.");
  const date = new Date().toISOString().slice(0, 10);
  closeUnreleased(read("CHANGELOG.md"), "0.0.0", date); // a changelog that says nothing is refused before anything is written

  run("npm", ["version", version, "--no-git-tag-version", "--allow-same-version", "--no-workspaces-update"]);
  try {
    const now = JSON.parse(read("package.json")).version;
    if (git("tag", "--list", `v${now}`) !== "") throw new Error(`The tag v${now} exists. Choose a newer version.`);
    writeFileSync(`${root}CHANGELOG.md`, closeUnreleased(read("CHANGELOG.md"), now, date));
    writeFileSync(`${root}CITATION.cff`, citeVersion(read("CITATION.cff"), now, date));
    git("commit", "--quiet", "--message", `Release ${now}`, ...files);
    git("tag", "--annotate", `v${now}`, "--message", `Release ${now}`);
    console.log(`Committed and tagged v${now}. To publish it: git push --atomic origin main v${now}`);
  } catch (error) {
    git("checkout", "HEAD", "--", ...files);
    throw error;
  }
}

/** Returns the notes of the version that a tag names; refuses a tag that another version's files carry. */
function checkedNotes(tag = "") {
  const version = tag.replace(/^v/, "");
  const named = {
    "package.json": JSON.parse(read("package.json")).version,
    "package-lock.json": JSON.parse(read("package-lock.json")).version,
    "CITATION.cff": parse(read("CITATION.cff")).version,
  };
  for (const [name, found] of Object.entries(named))
    if (found !== version)
      throw new Error(`The tag is ${tag || "missing"}, but ${name} names ${found}. Make tags by npm run release.`);
  return notesOf(read("CHANGELOG.md"), version);
}
