/** Accessibility: the page works with a screen reader, by keyboard, on a phone and in a dark room: axe rules, keys, and widths. */
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { root } from "../../scripts/browser.mjs";

const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8");
const tabs = ["compare", "features", "segment", "find", "sort", "label", "export"];

/** Lists what axe finds wrong in the page, or in one of its elements. */
export async function violationsOf(page: Page, selector?: string): Promise<string[]> {
  await page.evaluate(axe);
  const context = selector ? `document.querySelector(${JSON.stringify(selector)})` : "document";
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${context}, { resultTypes: ["violations"] })`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Registers the tests for a page that is open by the time they run. */
export function accessTests(open: () => Page): void {
  it.each(["light", "dark"] as const)("axe finds nothing wrong in any tab, in the %s scheme", async (colorScheme) => {
    const page = open();
    await page.emulateMedia({ colorScheme });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      // What lies outside the panel does not change between tabs.
      expect(await violationsOf(page, tab === tabs[0] ? undefined : `#panel-${tab}`), tab).toEqual([]);
    }
  });

  it("the tabs are reached and changed by keys alone", async () => {
    const page = open();
    await page.click("#tab-compare");
    for (const tab of tabs.slice(1)) {
      await page.keyboard.press("ArrowRight");
      expect(await page.evaluate(() => document.activeElement!.id)).toBe(`tab-${tab}`);
      expect(await page.locator(`#panel-${tab}`).isVisible()).toBe(true);
    }
  });

  it.each([360, 390, 768, 1280])("nothing is wider than a screen of %i pixels", async (width) => {
    const page = open();
    await page.setViewportSize({ width, height: 800 });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
}
