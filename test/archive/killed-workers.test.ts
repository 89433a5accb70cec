/** Workers killed at every step: whoever resumes has each image once or reported, none twice, and no temporary file after the sweep. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { verifyArchive } from "../../dist/archive/index.js";
import type { Model } from "../../dist/runtimes/node/index.js";
import { filesIn, loadTiny, planned, runChild } from "./drawn-archive.ts";

let model: Model;
beforeAll(async () => void (model = await loadTiny()));
afterAll(() => model.dispose());

/** The file is half-written after its first image, a shard half done after its fifth. */
const steps = [
  { type: "claimed", at: 1 },
  { type: "image", at: 1 },
  { type: "image", at: 5 },
  { type: "written", at: 2 },
  { type: "linked", at: 1 },
  { type: "committed", at: 1 },
];

it("two at a time, three times at each step", async () => {
  const store = await planned(model, 200);
  const endings: unknown[] = [];
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < steps.length; i += 2) {
      const both = steps.slice(i, i + 2).map((kill) => runChild(store, { kill, claimSeconds: 0.5 }));
      endings.push(...(await Promise.all(both)).map(({ ended }) => ended));
    }
  expect(endings).toEqual(Array(18).fill("SIGKILL"));
  expect(filesIn(store, "tmp").length).toBeGreaterThan(0); // what the sweep is for
  const last = await Promise.all([1, 2].map(() => runChild(store, { claimSeconds: 0.5 })));
  expect(last).toEqual(Array(2).fill({ ended: 0, err: "" }));
  const { stored, reported, twice, damaged, state } = await verifyArchive(store, { sweepAfter: 0 });
  expect({ stored, reported: reported.length, twice, damaged, left: state.remaining.length }).toEqual({
    ...{ stored: 199, reported: 1, twice: [], damaged: [], left: 0 },
  });
  const left = ["tmp", "attempts", "failed", "claims"].flatMap((folder) => filesIn(store, folder));
  expect(left).toEqual([]);
}, 120_000);
