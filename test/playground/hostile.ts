/** Names and a browser that mean no good: file names and labels with HTML, tables with formulas, and storage that is full. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { downloaded, pngOf, waitForStatus } from "./page.ts";

const html = '<img src=x onerror="window.broken=1">';
/** The browser's copy of a name has no slash. */
const fileName = `=1+1,${html}.png`;

/** Registers the tests for a page that is open by the time they run; they leave it without images of the album. */
export function hostileTests(open: () => { page: Page }): void {
  it("shows file names and labels as text, whatever they hold, and quotes them in tables", async () => {
    const { page } = open();
    const files = [fileName, "plain.png", "other.png"].map((name, i) => ({
      name,
      mimeType: "image/png",
      buffer: pngOf((x) => [80 * i, 255 * x, 90]),
    }));
    await page.setInputFiles("#image-file", files[0]);
    await expect.poll(() => page.locator("#image-name").textContent()).toBe(`${fileName}, 224 × 224 pixels`);
    await page.click("#tab-segment");
    await page.locator("#panel-segment input[type=text]").first().fill(html);
    await page
      .locator("#panel-segment canvas")
      .last()
      .click({ position: { x: 30, y: 30 } });
    await page.locator("#panel-segment input[type=radio]").nth(1).check();
    await page
      .locator("#panel-segment canvas")
      .last()
      .click({ position: { x: 200, y: 200 } });
    await expect.poll(() => page.locator("#panel-segment [role=status]").textContent()).toContain(html);
    const areas = await downloaded(page, () => page.click('text="Areas as CSV"'));
    expect(new TextDecoder().decode(areas.bytes).split("\n")[1]).toMatch(
      /^"'=1\+1,<img src=x onerror=""window\.broken=1"">\.png","<img src=x onerror=""window\.broken=1"">",/,
    );
    await page.click("#tab-find");
    await page.setInputFiles("#album-files", files);
    await waitForStatus(page, /^3 images, indexed once/);
    expect(await page.locator("#panel-find .gallery").textContent()).toContain(fileName);
    await page.click("#tab-sort");
    await page.getByLabel(`Label of ${fileName}`).fill(html);
    await page.getByLabel("Label of plain.png").fill("plain");
    await page.click('text="Sort the rest"');
    await waitForStatus(page, /2 images with labels sorted 1 others/);
    expect(await page.locator("#panel-sort h2").allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining(html)]),
    );
    expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBe(undefined);
    expect(await page.locator("img[src=x]").count()).toBe(0);
  });

  it("computes a file once, under whatever name it comes again", async () => {
    const { page } = open();
    await page.click("#tab-find");
    const file = { name: "again.png", mimeType: "image/png", buffer: pngOf((x) => [80, 255 * x, 90]) }; // plain.png's pixels
    await page.setInputFiles("#album-files", file);
    await waitForStatus(page, /^3 images, indexed once/);
    expect(await page.locator("#panel-find .gallery").textContent()).not.toContain("again.png");
  });

  it("says that the browser's storage is full, and works again when it is not", async () => {
    const { page } = open();
    // Chromium's own limit for tests lets transactions of this size pass.
    await page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = () => {
        IDBObjectStore.prototype.put = put;
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    const file = { name: "late.png", mimeType: "image/png", buffer: pngOf((x, y) => [255 * x, 255 * y, 20]) };
    await page.setInputFiles("#album-files", file);
    await expect
      .poll(() => page.locator("#panel-find [role=alert]").textContent())
      .toMatch(/storage for this page is full; remove/);
    expect(await page.locator("#panel-find [role=status]").textContent()).toBe("");
    expect(await page.locator("#panel-find .gallery li").count()).toBe(3);
    await page.setInputFiles("#album-files", file);
    await waitForStatus(page, /^4 images, indexed once/);
    expect(await page.locator("#panel-find [role=alert]").textContent()).toBe("");
    await page.click('text="Remove all images"');
    await expect.poll(() => page.locator("#panel-find .gallery li").count()).toBe(0);
  });
}
