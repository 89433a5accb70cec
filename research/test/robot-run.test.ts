/** The robot experiment as a whole at small sizes, with a model of a few kB: its rows, its page, and a second run that makes nothing again. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { ExperimentContext } from "../src/context.ts";
import { runRobot } from "../src/experiments/robot.ts";
import { openContext } from "../src/open-context.ts";
import { drawPlot } from "../src/plots.ts";
import type { Outcome as Page } from "../src/result.ts";
import { width } from "../src/robot/arm.ts";
import { demonstrate, openEnvironment, placements } from "../src/robot/environment.ts";
import { runEpisode } from "../src/robot/episodes.ts";
import { copyActions } from "../src/robot/nearest.ts";
import type { Sizes } from "../src/robot/setting.ts";
import { tempFolder } from "./commands.ts";

const folder = tempFolder();
const sizes: Sizes = {
  ...{ demonstrations: 5, test: 2, picture: 96, seeds: [1] },
  ...{ openings: [0.045, 0.048], cubes: [0.03, 0.02] },
  recipe: { shape: { dim: 16, depth: 1, heads: 2 }, steps: 4, rate: 1e-3, episodes: 2, windows: 2, noise: 0.02 },
};

/** Runs the experiment and returns its pages, the last of which is the finished one, and what was said. */
async function run(): Promise<{ pages: Page[]; said: string[] }> {
  const pages: Page[] = [];
  const said: string[] = [];
  const model = fileURLToPath(new URL("../../test/cli/tiny/plain.onnx", import.meta.url));
  const opened = await openContext("robot", {
    model,
    patchSize: 8,
    data: folder,
    store: `${folder}/store`,
    out: `${folder}/out`,
  });
  const context: ExperimentContext = {
    ...opened,
    publish: async (page) => void pages.push(page),
    say: (step) => void said.push(step),
  };
  pages.push(await runRobot(context, sizes));
  await opened.close();
  return { pages, said };
}

let first: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  first = await run();
}, 240_000);

const tableOf = ({ tables }: Page, title: string) => tables.find((table) => table.title.startsWith(title))!;

describe("the robot experiment", () => {
  it("has a row of each kind of features, with its grid and channels, and of the true location and none", () => {
    const rows = tableOf(first.pages.at(-1)!, "Success, %, 30 mm cube, 45 mm opening").rows.map((row) => row.slice(0, 4));
    expect(rows).toEqual([
      ["plain 1x", "4x4", "4", "1"],
      ["plain 1x+2x+3x, finest grid", "12x12", "12", "14"],
      ["plain 1x+2x+3x", "4x4", "12", "14"],
      ["plain 1x+2x+3x of 224 px, finest grid", "12x12", "12", "14"],
      ["plain 1x+2x, finest grid", "8x8", "8", "5"],
      ["plain 1x+2x of 224 px, finest grid", "8x8", "8", "5"],
      ["plain 1x+2x", "4x4", "8", "5"],
      ["plain 1x twice", "4x4", "8", "2"],
      ["true location", null, null, null],
      ["nothing (blind)", null, null, null],
    ]);
  });

  it("fills all openings and cubes, and draws maps and heat maps", async () => {
    const page = first.pages.at(-1)!;
    for (const row of tableOf(page, "Success, %, by the gripper's opening").rows.slice(0, -1)) expect(row).not.toContain(null);
    for (const row of tableOf(page, "Success, %, by the cube's side").rows) expect(row).not.toContain(null);
    expect(page.plots.map(({ name }) => name)).toEqual(["success", "map", "heat", "loss"]);
    expect(page.method.join(" ")).not.toContain("missing");
    const drawn = await drawPlot(page.plots.find(({ name }) => name === "heat")!);
    for (const text of ["plain 1x+2x+3x, finest grid", "cube", "found"]) expect(drawn).toContain(`>${text}</text>`);
    expect(drawn.match(/<path [^>]*fill="rgb\(\d+,\d+,\d+\)"/g)!.length).toBeGreaterThanOrEqual(4 * 4 + 12 * 12 + 4 * 4); // one for each token
  });

  it("says on a page that is not finished which rows are missing", () => {
    expect(first.pages[0].method.at(-1)).toMatch(/^\*\*Not finished: \d+ rows are missing/);
  });

  it("in a second run trains nothing, extracts nothing and gives the same page", async () => {
    const { pages, said } = await run();
    expect(said.filter((step) => !step.endsWith("demonstrations"))).toEqual([]);
    expect(pages.at(-1)).toEqual(first.pages.at(-1));
  }, 60_000);
});

describe("the nearest demonstration", () => {
  it("picks the cube when it is given the true location", async () => {
    const environment = await openEnvironment();
    const located = placements(60, 1).map((placement) => ({ ...demonstrate(environment, placement), location: placement }));
    const outcomes = [];
    for (const location of placements(10, 5))
      outcomes.push(await runEpisode(environment, location, (states) => copyActions(located, states.slice(-width), location)));
    environment.close();
    expect(outcomes.filter((outcome) => outcome === "picked").length).toBeGreaterThanOrEqual(9);
  }, 60_000);
});
