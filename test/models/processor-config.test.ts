/** Image tokens that a processor counts against those that the encoder gives: one off, and transformers.js refuses to generate. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { processorFor } from "../../src/models/vision-encoder.ts";

it("transformers' count is the encoder's, for any side, grid and prefix", () => {
  const some = fc.record({
    grid: fc.integer({ min: 1, max: 80 }),
    more: fc.integer({ min: 0, max: 3000 }),
    prefix: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(some, ({ grid, more, prefix }) => {
      const side = grid + more;
      const made = processorFor({ side, grid, prefix }, { image_token: "<image>" }) as Record<string, number>;
      const { patch_size: patch, num_additional_image_tokens: additional } = made;
      expect(additional).toBeGreaterThanOrEqual(0);
      // LlavaProcessor, in both libraries; Python's takes one off unless the strategy is "full"
      expect(Math.floor(side / patch) * Math.floor(side / patch) + additional).toBe(grid * grid + prefix);
    }),
  );
  expect(processorFor({ side: 1008, grid: 24, prefix: 0 }, { image_token: "<image>" })).toEqual({
    ...{ image_token: "<image>", patch_size: 42, num_additional_image_tokens: 0, vision_feature_select_strategy: "full" },
  });
});
