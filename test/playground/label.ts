/** A folder that is labeled in the page alone: its files are those of `s2 label`, nothing is lost, and nothing of others is overwritten. */
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type {} from "../../playground/src/choose-folder.ts"; // declares the browser's function
import { root } from "../../scripts/browser.mjs";
import { openDataSet } from "../../src/datasets/index.ts";
import { isTaggedPng } from "../../src/tensors/index.ts";
import { pngOf } from "./page.ts";

const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, "utf8");
const html = '<img src=x onerror="window.broken=1">';
const striped = pngOf((x) => (Math.floor(x * 28) % 2 ? [220, 40, 40] : [30, 30, 160]));
const plain = (green: number) => pngOf(() => [90, green, 90]);
const photos = {
  [`striped ${html.replaceAll("/", "")}.png`]: striped,
  "striped 2.png": striped,
  "plain 1.png": plain(180),
  "plain 2.png": plain(200),
  "sub/plain 3.png": plain(220),
};
const half = (left: boolean) => pngOf((x) => (x < 0.5 === left ? [220, 40, 40] : [30, 60, 200]));

/** Gives the page a folder of the browser's own file system wherever it asks a person for one, and puts files into it. */
async function lend(page: Page, name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await page.evaluate(
    async ([folderName, given]) => {
      const all = await navigator.storage.getDirectory();
      const folder = await all.getDirectoryHandle(folderName, { create: true });
      window.showDirectoryPicker = async () => folder;
      for (const [path, base64] of given) {
        const names = path.split("/");
        let parent = folder;
        for (const each of names.slice(0, -1)) parent = await parent.getDirectoryHandle(each, { create: true });
        const stream = await (await parent.getFileHandle(names.at(-1)!, { create: true })).createWritable();
        await stream.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
        await stream.close();
      }
    },
    [name, Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")] as const)] as const,
  );
}

/** Reads all files of such a folder. */
async function filesOf(page: Page, name: string): Promise<Map<string, Uint8Array>> {
  const all = await page.evaluate(async (folderName) => {
    const found: [string, string][] = [];
    const walk = async (folder: FileSystemDirectoryHandle, above: string): Promise<void> => {
      for await (const [each, handle] of folder.entries()) {
        if (handle.kind === "directory") await walk(handle as FileSystemDirectoryHandle, `${above}${each}/`);
        else {
          const bytes = new Uint8Array(await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer());
          found.push([above + each, btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))]);
        }
      }
    };
    await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle(folderName), "");
    return found;
  }, name);
  return new Map(all.map(([path, base64]) => [path, new Uint8Array(Buffer.from(base64, "base64"))]));
}

const textOf = async (page: Page, name: string, path: string) => Buffer.from((await filesOf(page, name)).get(path)!).toString();

/** Opens the lent folder at 1x alone, which is a tile a photo. */
async function open(page: Page, task: "classification" | "segmentation"): Promise<void> {
  await page.locator('#scales input[value="1"]').check();
  for (const scale of [2, 3]) await page.locator(`#scales input[value="${scale}"]`).uncheck();
  await page.click("#tab-label");
  await page.check(`#panel-label input[value=${task}]`);
  await page.click("#label-open");
}

const isShown = (page: Page) => expect.poll(() => page.locator("#frame").getAttribute("class")).not.toContain("loading");
const press = async (page: Page, key: string) => {
  await isShown(page); // keys count once the photo is on the screen
  await page.keyboard.press(key);
};
const count = (page: Page) => page.locator("#count").textContent();
const close = async (page: Page) => {
  await page.click("#close");
  await page.locator("#label-open").waitFor();
};
const addClasses = async (page: Page, names: readonly string[]) => {
  await page.locator("#new").waitFor();
  for (const name of names) {
    await page.fill("#new", name);
    await page.press("#new", "Enter");
    await expect.poll(() => page.locator("#classes bdi").allTextContents()).toContain(name);
  }
  await page.keyboard.press("Escape");
};
/** The data set that `s2 fit --list` reads from the folder. */
const dataSetOf = async (page: Page, name: string, list: string, task: "classification" | "segmentation") => {
  const files = await filesOf(page, name);
  const list_ = async () => [...files.keys()].sort();
  return openDataSet({ name, list: list_, read: async (path) => files.get(path)! }, { task, list });
};

/** Registers the tests for a page that is open by the time they run; they reload it. */
export function labelTests(play: () => { page: Page }): void {
  it("labels photos by keys, saves what s2 label saves, and goes on after a reload", async () => {
    const { page } = play();
    await lend(page, "photos", photos);
    await open(page, "classification");
    await addClasses(page, [html, "plain"]);
    for (let i = 0; i < 3; i++) {
      const path = (await page.locator("#name").textContent())!;
      await press(page, path.startsWith("striped") ? "1" : "2");
      await expect.poll(() => count(page)).toBe(`${i + 1} of 5 labeled`);
      expect((await textOf(page, "photos", "labels.csv")).trim().split("\n")).toHaveLength(i + 2); // saved before the page shows it
    }
    await press(page, "Backspace");
    await expect.poll(() => count(page)).toBe("2 of 5 labeled");
    await press(page, (await page.locator("#name").textContent())!.startsWith("striped") ? "1" : "2");
    await expect.poll(() => count(page)).toBe("3 of 5 labeled");
    expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBe(undefined);

    await page.reload();
    await lend(page, "photos", {});
    await open(page, "classification");
    await expect.poll(() => count(page)).toBe("3 of 5 labeled");
    expect(await page.locator("#classes bdi").allTextContents()).toEqual([html, "plain"]);
    for (let i = 3; i < 5; i++) {
      const path = (await page.locator("#name").textContent())!;
      // From features of the visit before and of this one.
      await expect
        .poll(() => page.locator(".suggested bdi").allTextContents())
        .toEqual([path.startsWith("striped") ? html : "plain"]);
      await press(page, "Enter");
      await expect.poll(() => count(page)).toBe(`${i + 1} of 5 labeled`);
    }
    expect(await page.locator("#done").textContent()).toContain(
      "s2 fit photos --list labels.csv --test-fraction 0.2 -o heads/photos",
    );
    await close(page);
    expect(await page.locator("#label-state").textContent()).toMatch(/^5 of 5 labeled, in photos\/labels\.csv\./);
    const { classes, splits, issues } = await dataSetOf(page, "photos", "labels.csv", "classification");
    expect([issues, classes]).toEqual([[], [html, "plain"]]);
    const items = [...Object.values(splits)].flat() as { path: string; label: number }[];
    expect(items.map(({ path, label }) => [path, classes[label]]).sort()).toEqual(
      Object.keys(photos)
        .map((path) => [path, path.includes("striped") ? html : "plain"])
        .sort(),
    );
    expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBe(undefined);
    expect(await page.locator("img[src=x]").count()).toBe(0);
  });

  it("makes masks by clicks and keys, which fit reads, and axe finds nothing wrong in any size and scheme", async () => {
    const { page } = play();
    await lend(page, "rooms", { "a.png": half(true), "b.png": half(false) });
    await open(page, "segmentation");
    await addClasses(page, ["wall", "floor"]);
    await isShown(page);
    const first = (await page.locator("#name").textContent())!;
    const box = (await page.locator("#frame").boundingBox())!;
    const red = first === "a.png" ? 0.1 : 0.9;
    await page.mouse.click(box.x + red * box.width, box.y + 0.5 * box.height);
    await expect.poll(() => page.locator("#dots i").count()).toBe(1);
    await page.keyboard.press("2");
    await page.mouse.click(box.x + (1 - red) * box.width, box.y + 0.5 * box.height);
    await expect.poll(() => page.locator("#mask").evaluate((mask) => (mask as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
    await page.evaluate(axe);
    const [found, before] = [[] as string[], page.viewportSize()!];
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ])
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate<AxeResults>(`axe.run({ resultTypes: ["violations"] })`);
        found.push(
          ...violations.map(({ id, nodes }) => `${width} ${colorScheme} ${id}: ${nodes.map((node) => node.html).join(" ")}`),
        );
        const wide = await page.locator("#labeling").evaluate((element) => element.scrollWidth);
        if (wide > width) found.push(`${width}: ${wide} pixels wide`);
      }
    await page.setViewportSize(before);
    expect(found).toEqual([]);
    for (let i = 0; i < 2; i++) {
      await expect.poll(() => page.locator("#accept").isEnabled()).toBe(true);
      await press(page, "Enter");
      await expect.poll(() => count(page)).toBe(`${i + 1} of 2 labeled`);
    }
    await close(page);
    const files = await filesOf(page, "rooms");
    expect([...files.keys()].sort()).toEqual([
      "a.png",
      "b.png",
      "classes.txt",
      "masks.csv",
      "masks.json",
      "masks/a.png",
      "masks/b.png",
    ]);
    expect(isTaggedPng(files.get("masks/a.png")!)).toBe(true);
    const { classes, splits, issues } = await dataSetOf(page, "rooms", "masks.csv", "segmentation");
    expect([issues, classes]).toEqual([[], ["wall", "floor"]]);
    for (const item of [...Object.values(splits)].flat() as {
      path: string;
      mask(): Promise<{ width: number; data: Uint8Array }>;
    }[]) {
      const { width, data } = await item.mask();
      const row = data.subarray(112 * width, 113 * width);
      expect([row[10], row[width - 10]]).toEqual(item.path === "a.png" ? [0, 1] : [1, 0]);
    }
  });

  it("goes on from masks that were saved, and refuses files of others and lists that changed meanwhile", async () => {
    const { page } = play();
    await lend(page, "rooms", { "c.png": half(true), "masks/c.png": half(true) });
    await open(page, "segmentation");
    await expect.poll(() => count(page)).toBe("2 of 4 labeled"); // the foreign picture in masks/ is a photo as any other
    const opened = page.locator("#name");
    while ((await opened.textContent()) !== "c.png") {
      const name = await opened.textContent();
      await press(page, "n");
      await expect.poll(() => opened.textContent()).not.toBe(name);
    }
    await expect.poll(() => page.locator("#accept").isEnabled()).toBe(true);
    await press(page, "Enter");
    await expect.poll(() => page.locator("#alert").textContent()).toContain("masks/c.png exists, and s2 did not write it");
    await lend(page, "rooms", { "masks.csv": Buffer.from("path,mask\nb.png,masks/b.png\n"), "masks/c.png": new Uint8Array() });
    await press(page, "Enter");
    await expect.poll(() => page.locator("#alert").textContent()).toContain("masks.csv was changed by another program");
    expect(await count(page)).toBe("2 of 4 labeled");
    expect(await textOf(page, "rooms", "masks.csv")).toBe("path,mask\nb.png,masks/b.png\n");
    await close(page);
    await lend(page, "photos", { "labels.csv": Buffer.from("path,label,split\n") });
    await open(page, "classification");
    await expect
      .poll(() => page.locator("#panel-label [role=alert]").textContent())
      .toContain('columns "path", "label", "split"');
    await lend(page, "empty", {});
    await open(page, "classification");
    await expect
      .poll(() => page.locator("#panel-label [role=alert]").textContent())
      .toContain('The folder "empty" has no images');
  });

  it("says that the folder is gone, saves nothing then, and shows the page again", async () => {
    const { page } = play();
    await lend(page, "gone", { "a.png": striped, "b.png": plain(200) });
    await open(page, "classification");
    await addClasses(page, ["one"]);
    await isShown(page);
    await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("gone", { recursive: true }));
    await page.keyboard.press("1");
    await expect.poll(() => page.locator("#alert").textContent()).toMatch(/^The folder "gone" is not where it was: it was moved/);
    expect(await count(page)).toBe("0 of 2 labeled");
    await close(page);
    expect(await page.locator("#panel-label [role=alert]").textContent()).toBe("");
  });

  it("says what to do where no folder is given, where it may not be written, and where the browser has no folders", async () => {
    const { page } = play();
    const refuse = (name: string) =>
      page.evaluate((error) => {
        window.showDirectoryPicker = async () => {
          throw new DOMException("no", error);
        };
      }, name);
    await refuse("AbortError");
    await open(page, "classification");
    const state = page.locator("#label-state");
    await expect.poll(() => state.textContent()).toMatch(/^No folder was opened\. Choose one, and allow the browser to save/);
    await page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      window.showDirectoryPicker = async () => Object.assign(folder, { requestPermission: async () => "denied" as const });
    });
    await page.click("#label-open");
    await expect.poll(() => state.textContent()).toMatch(/^No folder was opened/);
    const old = await page.context().newPage();
    await old.addInitScript(() => {
      delete (window as { showDirectoryPicker?: unknown }).showDirectoryPicker;
      delete (Window.prototype as { showDirectoryPicker?: unknown }).showDirectoryPicker;
    });
    await old.goto(page.url());
    await old.click("#tab-label");
    expect(await old.locator("#panel-label").textContent()).toMatch(/no folder to save in.*Chrome, Edge.*npx s2 label photos\//s);
    await old.click("text=Open the tab Sort");
    expect(await old.locator("#panel-sort").isVisible()).toBe(true);
    await old.close();
  });
}
