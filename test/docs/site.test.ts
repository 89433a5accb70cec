/** The documentation site is built from what is in the repository; its links lead somewhere, its search answers without a server, anyone can read it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, startChromium } from "../../scripts/browser.mjs";
import { brokenLinks } from "../../scripts/docs/links.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-site-"));
const site = join(folder, "site");
const urlOf = (path: string) => pathToFileURL(join(site, path)).href;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the site", () => {
  let browser: Browser;
  beforeAll(async () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/docs/build.mjs", "--out", site], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stderr).toBe(""); // it names every broken link
    expect(status).toBe(0);
    if (!noChromium) browser = await startChromium(["--allow-file-access-from-files"]);
  });
  afterAll(() => browser?.close());

  it("has the pages, and the API by the names that one imports", () => {
    expect(readFileSync(join(site, "index.html"), "utf8")).toContain("When Do We Not Need Larger Vision Models?");
    expect(readFileSync(join(site, "docs/errors.html"), "utf8")).toMatch(/<h1 [^>]*>Errors/);
    expect(readFileSync(join(site, "api/node/loadModel.html"), "utf8")).toContain("s2-vision/node");
  });

  describe.skipIf(noChromium)(`in a browser${noChromium ? ` (skipped: ${noChromium})` : ""}`, () => {
    it("finds pages and functions from file://, by keyboard alone", async () => {
      const page = await browser.newPage();
      await page.goto(urlOf("index.html"));
      await page.waitForSelector('text="Overview"', { state: "attached" }); // the sidebar is there
      for (const [words, url] of [
        ["planDynamicS2", "api/core/planDynamicS2.html"],
        ["command", "docs/command.html"],
      ]) {
        await page.keyboard.press("/");
        await page.locator("#tsd-search-input").fill(words);
        await page.locator("#tsd-search-results [role=option]").first().waitFor();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        await page.waitForURL(urlOf(url));
      }
      await page.close();
    });

    it("changes between light and dark, and keeps it on the next page", async () => {
      const page = await browser.newPage({ colorScheme: "light" });
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.goto(urlOf("docs/errors.html"));
      const light = await background();
      await page.getByRole("button", { name: "Use dark colors" }).click();
      const dark = await background();
      expect(dark).not.toBe(light);
      await page.goto(urlOf("docs/command.html"));
      expect(await background()).toBe(dark);
      await page.close();
    });

    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    it.each(["light", "dark"] as const)("has no serious barrier in %s, and fits a phone", async (colorScheme) => {
      for (const path of ["index.html", "api/core.html", "api/core/S2Options.html"]) {
        const page = await browser.newPage({ colorScheme, viewport: { width: 390, height: 844 } });
        await page.goto(urlOf(path));
        await page.waitForSelector('text="Overview"', { state: "attached" });
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390);
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof import("axe-core") }).axe.run());
        const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(serious.map(({ id, nodes }) => `${path}: ${id}: ${nodes[0].html.slice(0, 100)}`)).toEqual([]);
        await page.close();
      }
    });
  });
});

it("the check of links finds what is missing: pages, anchors, pictures, folders", () => {
  const small = join(folder, "small");
  mkdirSync(join(small, "sub"), { recursive: true });
  writeFileSync(
    join(small, "index.html"),
    '<h1 id="here">a</h1><a href="sub/b.html#there">b</a><img src="no.png"/><a href="sub/">c</a>',
  );
  writeFileSync(
    join(small, "sub/b.html"),
    '<a href="../index.html#here">a</a><a href="https://example.org/none">d</a><a href="none.html">e</a>',
  );
  expect(
    brokenLinks(small)
      .map(({ page, link }) => `${page} ${link}`)
      .sort(),
  ).toEqual(["index.html no.png", "index.html sub/", "index.html sub/b.html#there", "sub/b.html none.html"]);
});
