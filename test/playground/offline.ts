/** Without a network: the page's service worker keeps everything after the first visit, also in a sub-folder of a host without headers. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, servePages, startChromium } from "../../scripts/browser.mjs";
import { build, built, skipped, waitForStatus } from "./page.ts";

export function offlineTests(): void {
  describe.skipIf(noChromium)(`the playground without a network${skipped}`, () => {
    let server: Awaited<ReturnType<typeof servePages>>;
    let browser: Awaited<ReturnType<typeof startChromium>>;
    beforeAll(async () => {
      build();
      const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const answers = Object.fromEntries(
        files.map(({ parentPath, name }) => {
          const path = `${parentPath}/${name}`;
          return [`/some/folder${path.slice(built.length)}`, readFileSync(path)];
        }),
      );
      answers["/some/folder/"] = answers["/some/folder/index.html"];
      server = await servePages({ folders: [], answers, isolated: false });
      browser = await startChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    it("the whole build, with model and runtime, is at most 8 MB compressed, and has one runtime", () => {
      const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const sizes = files.map(({ parentPath, name }) => gzipSync(readFileSync(`${parentPath}/${name}`), { level: 9 }).length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8_000_000);
      expect(files.filter(({ name }) => name.endsWith(".wasm"))).toHaveLength(1);
    });

    it("after one visit on a phone, compares and extracts features while the server is gone, with threads", async () => {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
      context.setDefaultTimeout(150_000); // busy cores
      const page = await context.newPage();
      await page.goto(`${server.url}/some/folder/`);
      await page.waitForFunction(() => /offline/.test(document.querySelector("#offline")!.textContent!));
      const asked = server.paths.length;
      await server.close();
      await page.reload();
      await page.waitForFunction(() => performance.getEntriesByName("s2:first-view").length > 0);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      const photo = (await page.locator('#panel-compare canvas[role="application"]').boundingBox())!;
      await page.touchscreen.tap(photo.x + photo.width / 2, photo.y + photo.height / 2);
      await waitForStatus(page, /^Compared with the place at 67\d, 4[45]\d of street\.webp/);
      await page.click('#scales input[value="3"]');
      await page.click("#extract");
      await waitForStatus(page, /^7 tiles in [\d.]+ s: 28 x 42 tokens of 384 channels/);
      await page.goto(`${server.url}/some/folder/robot.html`);
      await page.waitForFunction(() => performance.getEntriesByName("s2:robot").length > 0);
      expect(server.paths.length).toBe(asked);
      await context.close();
    });
  });
}
