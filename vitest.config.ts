import { defineConfig } from "vitest/config";

/** Far above what any test takes on a machine with ten times the load that it can carry: only a test that hangs is ended by it. */
const limit = 300_000;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "research/test/**/*.test.ts"],
    maxWorkers: 2, // the default on two cores is one
    globalSetup: ["test/build-first.ts"],
    setupFiles: ["test/no-empty-lists.ts"],
    testTimeout: limit,
    hookTimeout: limit,
    expect: { poll: { timeout: limit / 2 } },
    coverage: {
      provider: "v8",
      include: ["src/**"], // what commands and pages run in processes of their own is not counted
      reporter: ["text-summary"],
      thresholds: { "src/core/**": { lines: 95 } },
    },
  },
});
