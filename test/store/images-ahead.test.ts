/** A collection keeps the model busy: the next images are prepared while it runs. */
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { extractImages } from "../../src/store/index.ts";

it("two more images are decoded while the model runs on the first: of two alone the runs take turns and end together, and the model would wait", async () => {
  let decoded = 0;
  let enough = () => {};
  const third = new Promise<void>((resolve) => (enough = resolve));
  const model = Object.assign(
    async ({ dims: [batch] }: Tensor) => {
      await third; // for ever if no third image comes
      return { dims: [batch, 4, 6], data: new Float32Array(batch * 24) };
    },
    { traits: { imageSize: [32, 32] as const, patchSize: 16, prefixTokens: 0, layout: "bnc" as const } },
  );
  const images = extractImages(["a", "b", "c", "d"], {
    ...{ model, modelName: "toy", modelHash: "1", version: "1", extraction: { scales: [1], fit: "squash" } },
    read: async (path) => new TextEncoder().encode(path),
    decode: async () => {
      if (++decoded === 3) enough();
      return { width: 32, height: 32, channels: 3, data: new Uint8Array(3 * 32 * 32) };
    },
  });
  expect((await images.next()).value).toMatchObject({ image: "a" });
  expect(decoded).toBe(3);
}, 60_000);
