/** Tests of mutation runs: each folder is held by its own tests. */
import { defineConfig } from "vitest/config";

const folders = process.env.S2_MUTATE ?? "{core,images,tensors,heads}";

export default defineConfig({
  test: {
    include: [`test/${folders}/**/*.test.ts`],
    setupFiles: ["test/setup-mutate.ts"],
    testTimeout: 60_000,
    isolate: false,
  },
});
