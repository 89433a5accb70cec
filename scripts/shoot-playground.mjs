/**
 * Takes the pictures of docs/playground.md: the built page in Chromium, with the drawn street. Run after `npm run playground:build`. The hash
 * of what goes into the page is kept beside them, so that a test notices pictures of an earlier page.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, servePages, startChromium } from "./browser.mjs";
import { hashFiles } from "./hash-files.mjs";

const built = join(root, "playground/dist");

/** Hash of the page's sources, its examples and this script. */
export function picturesHash() {
  const folder = (name) => readdirSync(join(root, name)).map((file) => `${name}/${file}`);
  const files = [
    ...["playground/index.html", "scripts/shoot-playground.mjs"],
    ...folder("playground/examples").sort(),
    ...folder("playground/src").sort(),
  ];
  return hashFiles(files);
}

async function shootAll() {
  const server = await servePages({ folders: [built], answers: { "/": readFileSync(join(built, "index.html")) } });
  const browser = await startChromium();
  const open = async (options) => {
    const page = await browser.newPage({ serviceWorkers: "block", ...options });
    page.setDefaultTimeout(300_000); // busy cores
    await page.goto(`${server.url}/`);
    await page.waitForFunction(() => performance.getEntriesByName("s2:first-view").length > 0);
    return page;
  };
  const shoot = (page, name) => page.screenshot({ path: join(root, `docs/${name}.jpg`), type: "jpeg", quality: 72 });

  const desk = await open({ viewport: { width: 1360, height: 800 }, colorScheme: "light" });
  await shoot(desk, "playground");
  await desk.emulateMedia({ colorScheme: "dark" });
  await desk.click("#tab-features");
  await desk.click("#extract");
  await desk.waitForFunction(() => /tokens of/.test(document.querySelector("#extract-state").textContent));
  await shoot(desk, "playground-features");

  const phone = await open({ viewport: { width: 390, height: 844 }, colorScheme: "light" });
  await phone.click("#tab-segment");
  const image = phone.locator("#panel-segment canvas").first();
  const { width, height } = await image.boundingBox();
  const label = (i) => phone.locator("#panel-segment input[type=radio]").nth(i).check();
  const click = (x, y) => image.click({ position: { x: x * width, y: y * height } });
  await phone.locator("#panel-segment input[type=text]").first().fill("tree");
  await click(0.71, 0.7);
  await label(1);
  for (const [x, y] of [
    [0.5, 0.4],
    [0.4, 0.95],
    [0.66, 0.76],
  ])
    await click(x, y);
  await phone.waitForFunction(() => performance.getEntriesByName("s2:mask").length > 3);
  await phone.evaluate(() => scrollTo(0, 0));
  await shoot(phone, "playground-phone");

  await browser.close();
  await server.close();
  writeFileSync(join(root, "playground/pictures.json"), `${JSON.stringify({ inputs: picturesHash() }, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await shootAll();
