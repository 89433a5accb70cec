/** The contact sheet in a browser: classes are corrected and saved for `s2 fit`, and names of files and classes are only ever text. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, startChromium } from "../../scripts/browser.mjs";
import { openDataSet } from "../../src/datasets/index.ts";
import { openFolder, sortImages } from "../../src/runtimes/node/index.ts";
import { classFolders, safeName } from "../../src/runtimes/node/safe-name.ts";
import { COLOURS, image } from "../cli/drawn-sets.ts";
import { skipped } from "./web/page.ts";

const folder = mkdtempSync(join(tmpdir(), "s2-sheet-"));
const classes = ["a/b", '<img src="x" onerror="alert(1)">', "..", "con", "unsure"];
const hostile = process.platform === "win32" ? "plain.png" : "<img src=x onerror=alert(2)>'\"&.png";

beforeAll(async () => {
  mkdirSync(join(folder, "photos"));
  const scores = [
    [0.6, 0.4, 0, 0, 0],
    [0.1, 0.9, 0, 0, 0],
    [0, 0, 0.95, 0.05, 0],
    [0, 0, 0, 1, 0],
    [0.02, 0, 0, 0, 0.98],
  ];
  const names = [hostile, "1.png", "2.png", "3.png", "4.png"];
  const images = names.map((name, i) => {
    const path = join(folder, "photos", name);
    writeFileSync(
      path,
      image(i + 1, () => COLOURS.red),
    );
    return { image: path, scores: scores[i] };
  });
  await sortImages(images, classes, { sortInto: join(folder, "sorted"), minConfidence: 0.8 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("names a safe folder for each class, none of them twice or that of the unsure ones", () => {
  const folders = ["_", "_con", "_img src=_x_ onerror=_alert(1)__", "unsure", "unsure-2"];
  const found = readdirSync(join(folder, "sorted"), { withFileTypes: true }).filter((each) => each.isDirectory());
  expect(found.map(({ name }) => name).sort()).toEqual(folders);
  expect(classFolders(["A", "a", "a/b", "a:b"], [])).toEqual(["A", "a-2", "a_b", "a_b-2"]);
  expect(["", "...", ".git", "a. ", "COM1.txt", "\u202egnp", "x\n"].map(safeName)).toEqual([
    ...["_", "_", "_git", "a", "_COM1.txt", "_gnp", "x_"],
  ]);
  expect(Buffer.byteLength(safeName("\u{1f3a9}".repeat(100)))).toBe(200);
});

describe.skipIf(noChromium !== undefined)(`in Chromium${skipped}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  it("saves corrected classes that a data set is read from; nothing in a name runs or loads", async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const alarms: string[] = [];
    page.on("dialog", async (dialog) => {
      alarms.push(dialog.message());
      await dialog.dismiss();
    });
    page.on("console", (message) => alarms.push(message.text()));
    page.on("pageerror", (error) => alarms.push(error.message));
    page.on("request", (request) => void (/^(file|data|blob):/.test(request.url()) || alarms.push(request.url())));
    await page.goto(pathToFileURL(join(folder, "sorted/predictions.html")).href);
    const figures = page.locator("figure");
    expect(await figures.count()).toBe(5);
    expect(await figures.first().locator("figcaption").textContent()).toBe(hostile);
    expect(await page.locator("output").textContent()).toBe("0 changed, 1 without a class");
    await figures.first().locator("button").nth(1).click();
    const last = page.locator("figure", { hasText: "4.png" });
    await last.locator("select").hover();
    await last.locator("select").selectOption("..");
    await page.locator("figure", { hasText: "3.png" }).locator("button[aria-pressed=true]").click(); // left out
    expect(await page.locator("output").textContent()).toBe("3 changed, 1 without a class");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.locator("#save").click()]);
    expect(saved.suggestedFilename()).toBe("corrected.csv");
    await saved.saveAs(join(folder, "sorted/corrected.csv"));
    expect(alarms).toEqual([]);
    const set = await openDataSet(openFolder(join(folder, "sorted")), { list: "corrected.csv" });
    const items = Object.values(set.splits).flat() as { path: string; label: number }[];
    const labels = new Map(items.map(({ path, label }) => [path, set.classes[label]]));
    expect(labels.get(`unsure/${hostile}`)).toBe(classes[1]);
    expect(labels.get("unsure-2/4.png")).toBe("..");
    expect(labels.size).toBe(4);
    await page.close();
  });
});
