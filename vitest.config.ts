import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000, // starting a browser on busy cores
    expect: { poll: { timeout: 30_000 } }, // what a page shows, on busy cores
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
    coverage: { provider: "v8", include: ["src/core/**"], reporter: ["text-summary"], thresholds: { lines: 95 } },
  },
});
