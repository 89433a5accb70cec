import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Far above what any test takes on a machine with ten times the load that it can carry: only a test that hangs is ended by it. */
const limit = 300_000;

/** Folders whose tests change nothing that another file sees: their files share a process, for starting one and loading the sources again takes longer than most. */
const sharing = [
  "core",
  "datasets",
  "features",
  "heads",
  "images",
  "metrics",
  "models",
  "onnx",
  "retrieval",
  "store",
  "tasks",
  "tensors",
  "train",
];
const files = sharing.map((folder) => `test/${folder}/**/*.test.ts`);

/** Files that take longest; they begin first, so that none of them is left to one core at the end. */
const slow = [
  "playground/playground",
  "docs/site",
  "test/experiment",
  "web/",
  "hostile",
  "docs/commands",
  "cli/",
  "e2e/",
  "archive/",
  "kill/",
  "test/robot-run",
];

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = slow.findIndex((part) => moduleId.includes(part));
      return at < 0 ? slow.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
    projects: [
      { extends: true, test: { name: "sharing", include: files, isolate: false } },
      { extends: true, test: { name: "apart", include: ["test/**/*.test.ts", "research/test/**/*.test.ts"], exclude: files } },
    ],
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
