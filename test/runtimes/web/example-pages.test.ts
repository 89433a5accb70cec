/** The pages of examples/ work as they stand, beside an installed package: they are what people copy first. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root, servePages } from "../../../scripts/browser.mjs";
import { bundledWidth } from "../../bundled.ts";
import { skipped, startBrowser } from "./page.ts";

describe.skipIf(noChromium)(`pages of examples/${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-examples-"));
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/s2-vision"));
    for (const name of ["onnxruntime-web", "valibot", "react", "react-dom", "scheduler"])
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page, picks the street, and returns what it says about the features. */
  async function pick(folders: string[], path: string): Promise<string | null> {
    const server = await servePages({ folders });
    const page = await browser.newPage();
    try {
      await page.goto(`${server.url}/${path}`);
      await page.setInputFiles("input", join(root, "examples/scenes/street.png"));
      const features = page.getByText("tokens of");
      await features.waitFor();
      return await features.textContent();
    } finally {
      await page.close();
      await server.close();
    }
  }

  it("plain-page shows the grid of a chosen photo", async () => {
    cpSync(join(root, "examples/plain-page"), folder, { recursive: true });
    expect(await pick([folder], "index.html")).toBe(`14x14 tokens of ${2 * bundledWidth} channels`);
  });

  it("react, built by Vite, shows the finest grid", async () => {
    const vite = await import("vite");
    cpSync(join(root, "examples/react"), join(folder, "react"), { recursive: true });
    await vite.build({ root: join(folder, "react"), configFile: false, logLevel: "error" });
    expect(await pick([join(folder, "react/dist")], "index.html")).toBe(`28x42 tokens of ${2 * bundledWidth} channels`);
  });
});
