/**
 * Writes the API reports: every public declaration of an entry, in docs/api, so that a change of the public surface is seen in review.
 * `npm run api` writes them; with `--check` it fails when what is committed differs. API Extractor reads the declarations in dist.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { entries, root } from "./entries.mjs";
import { buildWhenStale } from "./stale.mjs";

const folder = `${root}docs/api/`;
const quiet = { default: { logLevel: "none" } };

/** Returns the report of one entry. */
function reportOf(types, name, temporary) {
  const compilerOptions = {
    ...{ target: "ES2022", lib: ["ES2023", "DOM", "DOM.Iterable"], types: ["node"], strict: true, skipLibCheck: true },
    ...{ module: "NodeNext", moduleResolution: "NodeNext" },
  };
  const configObject = {
    projectFolder: root,
    mainEntryPointFilePath: root + types,
    newlineKind: "lf",
    compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
    apiReport: { enabled: true, reportFileName: name, reportFolder: temporary, reportTempFolder: temporary },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: { compilerMessageReporting: quiet, tsdocMessageReporting: quiet, extractorMessageReporting: quiet },
  };
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: `${root}package.json`,
  });
  const messageCallback = (message) => {
    if (message.logLevel === "error") console.error(message.text);
    message.handled = true;
  };
  if (!Extractor.invoke(config, { localBuild: true, messageCallback }).succeeded) process.exit(1);
  return readFileSync(join(temporary, `${name}.api.md`), "utf8");
}

buildWhenStale();
const temporary = mkdtempSync(join(tmpdir(), "s2-api-"));
const reports = new Map();
try {
  for (const { entry, types } of entries()) {
    const name = entry === "." ? "core" : entry.slice(2).replaceAll("/", "-");
    reports.set(`${name}.api.md`, reportOf(types, name, temporary));
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

mkdirSync(folder, { recursive: true });
const committed = new Map(readdirSync(folder).map((name) => [name, readFileSync(folder + name, "utf8")]));
if (process.argv.includes("--check")) {
  const names = new Set([...reports.keys(), ...committed.keys()]);
  const changed = [...names].filter((name) => reports.get(name) !== committed.get(name));
  if (changed.length === 0) process.exit(0);
  console.error(
    `The public API differs from ${changed.map((name) => `docs/api/${name}`).join(", ")}. Run \`npm run api\` and commit what it writes.`,
  );
  process.exit(1);
}
for (const name of committed.keys()) if (!reports.has(name)) rmSync(folder + name);
for (const [name, report] of reports) writeFileSync(folder + name, report);
