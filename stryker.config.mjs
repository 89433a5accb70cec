/** Mutation testing, started by `npm run mutate`: StrykerJS changes one expression at a time; a mutant that no test notices survives. */
export default {
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutate.config.ts", related: false },
  // The words of messages: tests hold the codes of errors and what they name, not each sentence.
  mutator: { excludedMutations: ["StringLiteral"] },
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 3_000,
  timeoutFactor: 2,
  // What the tests of these folders do not need is not copied beside them.
  ignorePatterns: ["/*", "!/src", "!/test", "!/models", "!/package.json", "!/tsconfig*.json", "!/vitest.mutate.config.ts"],
  tempDirName: "training/stryker",
  reporters: ["clear-text", "progress-append-only", "json"],
  clearTextReporter: { reportTests: false, reportMutants: false, allowColor: false },
  jsonReporter: { fileName: "training/mutation.json" },
};
