/** Accessibility: the page works with a screen reader, by keyboard, on a phone and in a dark room: axe rules, keys, and widths. */
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { root } from "../../scripts/browser.mjs";

const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8");
const tabs = ["features", "heat", "segment", "find", "sort", "export"];

/** Registers the tests for a page that is open by the time they run. */
export function accessTests(open: () => Page): void {
  /** All panels at once: a run of axe takes seconds on busy cores. */
  const violations = async (options: object) => {
    const page = open();
    await page.evaluate(axe);
    await page.evaluate('for (const panel of document.querySelectorAll("[role=tabpanel]")) panel.hidden = false');
    const run = `axe.run(${JSON.stringify({ resultTypes: ["violations"], ...options })})`;
    const { violations: found } = await page.evaluate<AxeResults>(run);
    await page.click("#tab-features");
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  };

  it("axe finds nothing wrong, and in a dark room no colors that are hard to tell apart", async () => {
    await open().emulateMedia({ colorScheme: "light" });
    expect(await violations({})).toEqual([]);
    await open().emulateMedia({ colorScheme: "dark" });
    expect(await violations({ runOnly: ["color-contrast"] })).toEqual([]);
  });

  it("the tabs are reached and changed by keys alone", async () => {
    const page = open();
    await page.focus("#tab-features");
    for (const tab of tabs.slice(1)) {
      await page.keyboard.press("ArrowRight");
      expect(await page.evaluate(() => document.activeElement!.id)).toBe(`tab-${tab}`);
      expect(await page.locator(`#panel-${tab}`).isVisible()).toBe(true);
    }
  });

  it.each([360, 768, 1280])("nothing is wider than a screen of %i pixels", async (width) => {
    const page = open();
    await page.setViewportSize({ width, height: 800 });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
}
