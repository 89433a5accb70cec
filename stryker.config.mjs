/** Mutation testing (`npm run mutate`): StrykerJS changes one expression at a time; a mutant that no test notices has survived. */
const folders = (process.env.S2_MUTATE ?? "core,images,tensors,heads").split(",");

export default {
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutate.config.ts" },
  mutate: folders.map((folder) => `src/${folder}/**/*.ts`),
  // The words of errors and warnings: tests hold their codes and what they name, not each sentence.
  mutator: { excludedMutations: ["StringLiteral"] },
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: Number(process.env.S2_MUTATE_WORKERS ?? 2),
  timeoutMS: 5_000,
  timeoutFactor: 3,
  // What the tests of these folders do not need is not copied beside each run.
  ignorePatterns: ["/*", "!/src", "!/test", "!/package.json", "!/tsconfig*.json", "!/vitest.mutate.config.ts", "!/models"],
  tempDirName: "training/stryker",
  reporters: ["clear-text", "progress-append-only", "json"],
  clearTextReporter: { reportTests: false, allowColor: false, reportMutants: false },
  jsonReporter: { fileName: `training/mutation/${folders.join("-")}.json` },
  disableTypeChecks: false,
  checkers: [],
};
