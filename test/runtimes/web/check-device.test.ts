/** Which device a model runs on in the end: WebGPU only where it answers as WebAssembly does, and sooner. */
import { beforeEach, expect, it, vi } from "vitest";
import { checkNumbers, chooseDevice, testTile } from "../../../src/runtimes/web/check-device.ts";
import type { Notice, WebSession } from "../../../src/runtimes/web/start-worker.ts";

const value = (name: string, shape: number[]) => ({ name, type: "float32", shape });
const tile = testTile([1, 3, 8, 8], [224, 224]);

/** Milliseconds on the clock of these tests: only runs of a session move it, so that a busy machine changes nothing. */
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

/** A session whose features are the tile's values changed by `change`, after `ms` of that clock. */
function fake(device: "wasm" | "webgpu", ms: number, change = (x: number) => x): WebSession & { ended: boolean } {
  const session = {
    device,
    threads: 1,
    ended: false,
    inputs: [value("pixel_values", [1, 3, 8, 8])],
    outputs: [value("features", [1, 4, 48])],
    async run(_: string, images: { data: Float32Array }) {
      now += ms;
      return { features: { dims: [1, 4, 48], data: images.data.map(change) } };
    },
    ask: () => Promise.reject(new Error("no plan runs here")),
    async dispose() {
      session.ended = true;
    },
  };
  return session;
}

async function choose(webgpu: WebSession & { ended: boolean }, wasm: WebSession & { ended: boolean }) {
  const notices: Notice[] = [];
  const { device } = await chooseDevice(webgpu, wasm, await checkNumbers(wasm, tile, "features"), tile, "features", (notice) =>
    notices.push(notice),
  );
  expect([webgpu.ended, wasm.ended]).toEqual([device === "wasm", device === "webgpu"]); // the other one's memory is given back
  return { device, notices };
}

it("WebGPU that answers alike and sooner is kept, without a word", async () => {
  expect(await choose(fake("webgpu", 1), fake("wasm", 60))).toEqual({ device: "webgpu", notices: [] });
  const rounded = await choose(fake("webgpu", 1, Math.fround), fake("wasm", 60));
  expect(rounded.device).toBe("webgpu");
});

it("WebGPU that takes exactly as long is kept", async () => {
  expect(await choose(fake("webgpu", 60), fake("wasm", 60))).toEqual({ device: "webgpu", notices: [] });
});

it.each([
  ["other numbers", (x: number) => (Math.abs(x) > 1 ? -x : x)],
  ["no numbers", () => Number.NaN],
  ["zeros", () => 0],
])("WebGPU that gives %s is given up, and its likeness is said", async (_, change) => {
  const { device, notices } = await choose(fake("webgpu", 1, change), fake("wasm", 60));
  expect(device).toBe("wasm");
  expect(notices).toEqual([{ code: "device-wrong", message: expect.stringMatching(/cosine .*runs on WebAssembly/) }]);
});

it("WebGPU that is slower, or fails, is given up with the reason", async () => {
  const slow = await choose(fake("webgpu", 80), fake("wasm", 1));
  expect(slow).toEqual({
    device: "wasm",
    notices: [{ code: "device-slow", message: expect.stringMatching(/needs 80 ms .* 1 ms/) }],
  });
  const failing = fake("webgpu", 1);
  failing.run = async () => {
    throw new Error("device lost");
  };
  const failed = await choose(failing, fake("wasm", 1));
  expect(failed.notices).toEqual([{ code: "device-failed", message: expect.stringMatching(/device lost/) }]);
});

it("features that are no numbers stop the loading", async () => {
  await checkNumbers(fake("wasm", 0), tile, "features");
  await expect(
    checkNumbers(
      fake("wasm", 0, () => Number.NaN),
      tile,
      "features",
    ),
  ).rejects.toMatchObject({ code: "runtime" });
});

it("the test tile has the graph's own shape, and a size of ours where the graph leaves it open", () => {
  expect(testTile(["batch", 3, "height", "width"], [32, 48]).dims).toEqual([1, 3, 32, 48]);
  expect(testTile([2, "c", 16, 16], [32, 48]).dims).toEqual([2, 3, 16, 16]);
  expect(new Set(tile.data).size).toBeGreaterThan(20); // no flat picture, which a broken device could get right
});
