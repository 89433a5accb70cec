/** The page of the robot's episodes: it plays, shows what its file says, and works by keys, on a phone and with a screen reader. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { endingWords, locationWords, percentOf } from "../../playground/robot/words.ts";
import { root } from "../../scripts/browser.mjs";
import { violationsOf } from "./access.ts";
import type { Playground } from "./page.ts";

/** Registers the tests for a playground that is open by the time they run. */
export function robotTests(open: () => Playground): void {
  const { conditions, replayed } = JSON.parse(readFileSync(`${root}playground/robot/episodes.json`, "utf8"));
  let page: Page;
  const pictures = () =>
    page.locator("#panels canvas").evaluateAll((all) => all.map((each) => (each as HTMLCanvasElement).toDataURL()));

  it("the page of the robot's episodes is fetched only when it is opened", async () => {
    const { context, url, paths } = open();
    expect(paths.filter((path) => /robot|episodes/.test(path))).toEqual([]);
    page = await context.newPage();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${url}/robot.html`);
    await page.waitForFunction(() => performance.getEntriesByName("s2:robot").length > 0);
    expect(paths.filter((path) => /episodes/.test(path))).toHaveLength(1);
  });

  it("shows the scores, and of every placement how both episodes ended", async () => {
    expect(await page.locator("#panels h2").allTextContents()).toEqual(
      conditions.map(({ success }: (typeof conditions)[0], i: number) => `${["1x", "S²"][i]} picks ${percentOf(success)}`),
    );
    for (const i of [0, 9, 18]) {
      await page.locator("#table button").nth(i).press("Enter");
      expect(await page.textContent("#chosen")).toBe(`${i + 1} of ${replayed.length}`);
      const shown = conditions.flatMap(({ outcomes, episodes }: (typeof conditions)[0]) => [
        endingWords(outcomes[i], episodes[i].poses.length - 1),
        locationWords(episodes[i]),
      ]);
      expect(await page.locator("#panels figcaption p").allTextContents()).toEqual(shown);
    }
  });

  it("plays both episodes to their ends, each its own, and moves by keys", async () => {
    await page.locator("#table button").nth(3).press("Enter");
    const start = await pictures();
    await page.selectOption("#speed", "2");
    await page.locator("#play").press("Enter");
    await page.waitForFunction(() => document.querySelector("#play")!.textContent === "Play again");
    const end = await pictures();
    expect(new Set([...start, ...end]).size).toBe(4); // at the start the marks differ
    await page.locator("#time").press("ArrowLeft");
    expect(await page.textContent("#play")).toBe("Play");
    expect((await pictures())[1]).not.toBe(end[1]);
    await page.locator("#time").press("Home");
    expect(await pictures()).toEqual(start);
    await page.locator("#camera").selectOption({ label: "close-up" });
    expect((await pictures()).filter((each) => [...start, ...end].includes(each))).toEqual([]);
  });

  it.each([
    ["dark", 390],
    ["light", 1280],
  ] as const)("axe finds nothing wrong on it in the %s scheme at %i pixels, and nothing is wider", async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 844 });
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    if (width === 1280) await page.close();
  });
}
