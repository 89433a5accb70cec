/** The playground on the graphics card: with a toy model of one's own, on a processor that only pretends to be one. In one file with the other tests, so that the page is built once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root } from "../../scripts/browser.mjs";
import { openPlayground, type Playground, pngOf, skipped, waitForStatus } from "./page.ts";

export function webgpuTests(): void {
  describe.skipIf(noChromium)(`the playground with WebGPU${skipped}`, () => {
    let play: Playground;
    beforeAll(async () => {
      play = await openPlayground({}, ["--enable-unsafe-webgpu"], "webgpu");
    });
    afterAll(() => play?.close());

    it("tries it unasked, says that WebAssembly is faster here, and extracts features all the same, with one runtime", async () => {
      const { page } = play;
      await page.setInputFiles("#image-file", {
        name: "field.png",
        mimeType: "image/png",
        buffer: pngOf((x, y) => [255 * x, 255 * y, 90]),
      });
      await page.selectOption("#model-kind", "file");
      await page.setInputFiles("#model-file", `${root}test/runtimes/models/plain.onnx`);
      await page.fill("#model-patch", "8");
      await page.click("#model-load");
      await waitForStatus(page, /plain\.onnx runs on this device's processor.*WebGPU needs \d+ ms/);
      expect([...new Set(play.paths.filter((path) => path.endsWith(".wasm")))]).toEqual([expect.stringMatching(/asyncify/)]);
      await page.click("#extract");
      await waitForStatus(page, /tokens of \d+ channels/);
      await page.click("#tab-features");
      expect(await page.locator("#colors canvas").count()).toBe(3);
    });
  });
}
