/** Takes the pictures of docs/playground.md: the built page in Chromium, with the drawn street. Run after `npm run playground:build`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, servePages, startChromium } from "./browser.mjs";

const built = join(root, "playground/dist");
const server = await servePages({ folders: [built], answers: { "/": readFileSync(join(built, "index.html")) } });
const browser = await startChromium();

async function open(options) {
  const page = await browser.newPage(options);
  await page.goto(`${server.url}/`);
  await page.locator("#cost dd").first().waitFor();
  await page.click("#extract");
  await page.waitForFunction(() => /tokens of/.test(document.querySelector("#extract-state").textContent), undefined, {
    timeout: 300_000,
  });
  return page;
}
const shoot = (page, name) =>
  page.screenshot({ path: join(root, `docs/${name}.jpg`), type: "jpeg", quality: 72, timeout: 120_000 });

const desk = await open({ viewport: { width: 1360, height: 900 }, colorScheme: "light" });
await shoot(desk, "playground");
await desk.emulateMedia({ colorScheme: "dark" });
await desk.click("#tab-heat");
const heat = desk.locator("#panel-heat canvas").first();
await heat.click({ position: { x: 160, y: 120 } });
await desk.waitForFunction(() => performance.getEntriesByName("s2:heat").length > 0);
await shoot(desk, "playground-heat");
await desk.setViewportSize({ width: 390, height: 844 });
await desk.click("#tab-segment");
const image = desk.locator("#panel-segment canvas");
await image.click({ position: { x: 150, y: 12 } });
await desk.locator("#panel-segment input[type=radio]").nth(1).check();
await image.click({ position: { x: 150, y: 110 } });
await image.click({ position: { x: 60, y: 200 } });
await desk.waitForFunction(() => performance.getEntriesByName("s2:mask").length > 2);
await shoot(desk, "playground-phone");

await browser.close();
await server.close();
