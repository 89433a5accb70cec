/** `s2 label` in a browser: photos are labeled by keys alone, all is on the disk at once, and `s2 fit` reads it without running the model again. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root, startChromium } from "../../scripts/browser.mjs";
import { skipped } from "../runtimes/web/page.ts";
import { COLOURS, image } from "./drawn-sets.ts";
import { startLabel } from "./label-page.ts";
import { s2, tempFolder, tiny } from "./s2.ts";

const model = [...tiny, "--prefix-tokens", "1", "--threads", "1"];
const hostile = process.platform === "win32" ? "red 0.png" : "red <img src=x onerror=alert(1)>'\".png";
const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8");

/** Files of features with their times: a file that is made again has another number. */
const features = (folder: string) =>
  readdirSync(join(folder, "features"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".safetensors"))
    .map((name) => `${name} ${statSync(join(folder, "features", name)).ino}`)
    .sort();

async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(`document.getElementById("more").open = true`);
    const { violations: all } = await page.evaluate<AxeResults>(`axe.run({ resultTypes: ["violations"] })`);
    found.push(...all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
  }
  return found;
}

describe.skipIf(noChromium !== undefined)(`the page of s2 label${skipped}`, () => {
  let browser: Browser;
  let alarms: string[] = [];
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  /** Opens the page once; the tests' own scripts run beside its policy, which allows none but its files. */
  async function open(url: string): Promise<Page> {
    alarms = [];
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on("dialog", (dialog) => void dialog.dismiss().then(() => alarms.push(dialog.message())));
    page.on("console", (message) => message.type() === "error" && alarms.push(message.text()));
    page.on("pageerror", (error) => alarms.push(error.message));
    page.on("request", (request) => request.url().startsWith(new URL(url).origin) || alarms.push(request.url()));
    await page.goto(url);
    await page.evaluate(axe);
    await isDrawn(page, "photo");
    return page;
  }
  const isDrawn = (page: Page, id: string) =>
    expect
      .poll(() => page.locator(`#${id}`).evaluate((picture) => (picture as HTMLImageElement).naturalWidth))
      .toBeGreaterThan(0);
  /** Keys count once the photo is on the screen. */
  const press = async (page: Page, key: string) => {
    await expect.poll(() => page.locator("#frame").getAttribute("class")).not.toContain("loading");
    await page.keyboard.press(key);
  };
  const count = (page: Page) => page.locator("#count").textContent();
  const name = (page: Page) => page.locator("#name").textContent();
  const isNarrow = async (page: Page) => {
    await page.setViewportSize({ width: 390, height: 844 });
    return (await page.evaluate("document.documentElement.scrollWidth")) === 390;
  };

  it("labels photos by keys, continues after a start, and fit runs nothing again", async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "photos/sub"), { recursive: true });
    const names = [hostile, "blue-1.png", "sub/red-2.png", "blue-3.png", "red-4.png", "blue-5.png", "red-6.png", "blue-7.png"];
    const colorOf = (path: string) => (path.includes("red") ? "red" : "blue");
    names.forEach((path, i) => {
      writeFileSync(
        join(folder, "photos", path),
        image(i + 1, () => COLOURS[colorOf(path)]),
      );
    });
    const args = ["label", "photos", ...model];
    const label = await startLabel(args, folder);
    const page = await open(label.url);
    expect(page.url()).toBe(`${new URL(label.url).origin}/`); // the token is gone from the address
    for (const each of ["red", "blue"]) {
      await page.keyboard.type(each); // the empty page waits for names
      await page.keyboard.press("Enter");
      await expect.poll(() => page.locator("#classes bdi").allTextContents()).toContain(each);
    }
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator("#features").textContent()).toBe(""); // features of all photos
    let accepted = 0;
    for (let i = 0; i < 6; i++) {
      const path = (await name(page))!;
      const suggested = await page.locator(".suggested bdi").allTextContents();
      if (suggested[0] === colorOf(path)) accepted++;
      await press(page, suggested[0] === colorOf(path) ? "Enter" : colorOf(path) === "red" ? "1" : "2");
      await expect.poll(() => count(page)).toBe(`${i + 1} of 8 labeled`);
      const lines = readFileSync(join(folder, "photos/labels.csv"), "utf8").trim().split("\n");
      expect(lines).toHaveLength(i + 2); // on the disk before the page shows it
    }
    expect(accepted).toBeGreaterThan(2);
    await page.keyboard.press("Backspace");
    await expect.poll(() => count(page)).toBe("5 of 8 labeled");
    await press(page, colorOf((await name(page))!) === "red" ? "1" : "2");
    await expect.poll(() => count(page)).toBe("6 of 8 labeled");
    expect(await violations(page)).toEqual([]);
    expect(await isNarrow(page)).toBe(true);
    const other = await browser.newPage();
    expect((await other.goto(label.url))?.status()).toBe(403); // from another browser
    await other.close();
    expect(alarms).toEqual([]);
    const ended = await label.end();
    expect(ended.status).toBe(130);
    expect(ended.err).toContain(`6 of 8 labeled -> ${join("photos", "labels.csv")}`);
    await press(page, "1");
    await expect.poll(() => page.locator("#alert").textContent()).toContain("has ended");
    await page.close();

    const again = await startLabel(args, folder);
    let view = await again.view();
    expect([view.labeled, view.classes.map((each) => each.name)]).toEqual([6, ["red", "blue"]]);
    while (view.shown) {
      const { image: index, path } = view.shown;
      view = await again.act({ do: "label", image: index, label: colorOf(path) === "red" ? 0 : 1 });
    }
    expect(view.labeled).toBe(8);
    await again.end();
    const before = features(folder);
    expect(before).toHaveLength(8);
    const fit = ["fit", "photos", "--list", "labels.csv", "--head", "prototypes", "-o", "heads/x", "--json", ...model];
    const fitted = await s2(fit, { cwd: folder });
    expect([fitted.err.match(/^(error|failed).*/m)?.[0], fitted.status]).toEqual([undefined, 0]);
    expect(JSON.parse(fitted.out)).toMatchObject({ classes: ["blue", "red"], images: { train: 6, validation: 2, failed: 0 } });
    expect(features(folder)).toEqual(before);
  }, 120_000);

  it("makes masks by clicks and by keys, suggests those of the next photos, and fit reads them", async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "rooms"));
    for (let i = 0; i < 6; i++)
      writeFileSync(
        join(folder, `rooms/${i}.png`),
        image(i + 1, (x) => (x < 16 * (1 + (i % 3)) ? COLOURS.red : COLOURS.blue)),
      );
    const label = await startLabel(["label", "rooms", "--task", "segmentation", "--classes", "wall,floor", ...model], folder);
    const page = await open(label.url);
    const dots = () => page.locator("#dots i").count();
    const box = (await page.locator("#frame").boundingBox())!;
    await page.mouse.click(box.x + 0.05 * box.width, box.y + 0.5 * box.height);
    await expect.poll(dots).toBe(1);
    await page.focus("#frame");
    await page.keyboard.press("2");
    for (let i = 0; i < 15; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    await expect.poll(dots).toBe(2);
    await isDrawn(page, "mask");
    expect(readdirSync(join(folder, "rooms"))).not.toContain("masks");
    expect(await violations(page)).toEqual([]);
    for (let i = 0; i < 6; i++) {
      await expect.poll(() => page.locator("#accept").isEnabled()).toBe(true);
      await press(page, "Enter");
      await expect.poll(() => count(page)).toBe(`${i + 1} of 6 labeled`);
    }
    expect(await page.locator("#done").textContent()).toContain(
      "s2 fit rooms --list masks.csv --task segmentation --test-fraction 0.2 -o heads/rooms",
    );
    expect(await isNarrow(page)).toBe(true);
    expect(alarms).toEqual([]);
    await page.close();
    await label.end();
    const before = features(folder);
    const fit = ["fit", "rooms", "--list", "masks.csv", "--task", "segmentation", "--head", "ridge", "--test-fraction", "0.4"];
    const fitted = await s2([...fit, "-o", "heads/rooms", "--json", ...model], { cwd: folder });
    expect([fitted.err.match(/^(error|failed).*/m)?.[0], fitted.status]).toEqual([undefined, 0]);
    expect(JSON.parse(fitted.out)).toMatchObject({ classes: ["wall", "floor"], images: { failed: 0 } });
    expect(features(folder)).toEqual(before);
    expect(readdirSync(join(folder, "rooms/masks"))).toHaveLength(6);
    expect(readFileSync(join(folder, "rooms/masks/0.png")).includes("PLTE")).toBe(true);
  }, 120_000);
});

describe("s2 label", () => {
  it("refuses what it cannot go on from, before the model is loaded", async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "photos"));
    writeFileSync(
      join(folder, "photos/a.png"),
      image(1, () => COLOURS.red),
    );
    writeFileSync(join(folder, "photos/labels.csv"), "path,label,split\na.png,hat,train\n");
    const run = (...args: string[]) => s2(["label", "photos", "--no-open", ...model, ...args], { cwd: folder });
    const columns = await run();
    expect([columns.status, columns.err]).toEqual([
      2,
      expect.stringContaining('labels.csv has the columns "path", "label", "split"'),
    ]);
    expect((await run("--out", "../x.csv")).err).toContain("expected a .csv file in the folder");
    writeFileSync(join(folder, "photos/mine.json"), "{}");
    expect((await run("--out", "mine.csv")).err).toContain("mine.json has s2_vision = ");
    expect(readFileSync(join(folder, "photos/labels.csv"), "utf8")).toContain("a.png,hat,train");
  }, 60_000);
});
