/** Who does not see the page, has no mouse, a phone, or a dark room must be able to use it: axe's rules, keys, and widths. */
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root } from "../../scripts/browser.mjs";
import { openPlayground, type Playground, skipped } from "./page.ts";

const tabs = ["features", "heat", "segment", "find", "sort", "export"];

describe.skipIf(noChromium)(`access to the playground${skipped}`, { timeout: 60_000 }, () => {
  let play: Playground;
  beforeAll(async () => {
    play = await openPlayground({ hasTouch: true });
    await play.page.evaluate(readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8"));
  }, 120_000);
  afterAll(() => play?.close());

  it.each(["light", "dark"] as const)("axe finds nothing wrong in any tab, in a %s room", async (colorScheme) => {
    const { page } = play;
    await page.emulateMedia({ colorScheme });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      const { violations } = await page.evaluate<AxeResults>("axe.run()");
      expect(violations.map(({ id, nodes }) => `${tab}: ${id} ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    }
  });

  it("the tabs are reached and changed by keys alone", async () => {
    const { page } = play;
    await page.focus("#tab-features");
    for (const tab of tabs.slice(1)) {
      await page.keyboard.press("ArrowRight");
      expect(await page.evaluate(() => document.activeElement!.id)).toBe(`tab-${tab}`);
      expect(await page.locator(`#panel-${tab}`).isVisible()).toBe(true);
    }
  });

  it.each([360, 768, 1280])("nothing is wider than a screen of %i pixels", async (width) => {
    const { page } = play;
    await page.setViewportSize({ width, height: 800 });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
});
