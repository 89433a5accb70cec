/** Times the playground: from a click to colors, heat and masks on a 1000x750 image, until it can be used, and what is transferred. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { encode } from "fast-png";
import { noChromium, servePages, startChromium } from "../scripts/browser.mjs";
import { root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round, spread } from "./timing.mjs";

const built = join(root, "playground/dist");
skipIf(noChromium);
skipIf(!existsSync(join(built, "index.html")) && "playground/dist is not built (npm run playground:build)");

const rounds = 7;
const [width, height] = [1000, 750];
const data = new Uint8Array(3 * width * height).map((_, i) => 127 + 120 * Math.sin(i / 97) * Math.cos(i / (7 * width)));
const image = { name: "waves.png", mimeType: "image/png", buffer: Buffer.from(encode({ width, height, channels: 3, data })) };

const server = await servePages({ folders: [built], answers: { "/": readFileSync(join(built, "index.html")) } });
const browser = await startChromium();
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block" });
await tab.goto(`${server.url}/`);
await tab.locator("#cost dd").first().waitFor();
await tab.waitForFunction(() => performance.getEntriesByName("s2:first-view").length > 0);
const startOf = (name) => tab.evaluate(`performance.getEntriesByName("${name}")[0].startTime`);
const [interactive, firstView] = [await startOf("s2:interactive"), await startOf("s2:first-view")];

await tab.setInputFiles("#image-file", image);
await tab.click("#model-load");
await tab.waitForFunction(() => / runs on /.test(document.querySelector("#model-state").textContent), undefined, {
  timeout: 120_000,
});
const transferred = gzipped(new Set(server.paths));
const all = readdirSync(built, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name).slice(built.length));

const [heat, masks] = ["heat of a place, at 1x and with S²", "masks of clicks, at 1x and with S²"];
const times = { "first picture, 1x": [], "all of 1x+2x+3x": [], [heat]: [], [masks]: [] };
const measures = (name) => tab.evaluate(`performance.getEntriesByName("${name}").map(({ duration }) => duration)`);
for (let i = -1; i < rounds; i++) {
  await tab.evaluate("performance.clearMarks()");
  await tab.click("#tab-features");
  await tab.click("#extract");
  await tab.waitForFunction(() => performance.getEntriesByName("s2:scale-2").length > 0, undefined, { timeout: 120_000 });
  await tab.waitForFunction(() => document.querySelector("#stop").hidden);
  const laps = Object.fromEntries(
    await tab.evaluate(`performance.getEntriesByType("mark").map(({ name, startTime }) => [name, startTime])`),
  );
  if (i < 0) continue; // the browser compiles for the first run
  times["first picture, 1x"].push(laps["s2:scale-0"] - laps["s2:extract"]);
  times["all of 1x+2x+3x"].push(laps["s2:scale-2"] - laps["s2:extract"]);
}
for (const [panel, measure, name] of [
  ["compare", "s2:heat", heat],
  ["segment", "s2:mask", masks],
]) {
  await tab.evaluate("performance.clearMeasures()"); // of the first view and of extractions
  await tab.click(`#tab-${panel}`);
  const canvas = tab.locator(`#panel-${panel} canvas`).first();
  for (let i = 0; i < rounds + 2; i++) {
    if (panel === "segment")
      await tab
        .locator("#panel-segment input[type=radio]")
        .nth(i % 2)
        .check();
    await canvas.click({ position: { x: 30 + 25 * i, y: 40 + 20 * i } });
    await tab.waitForFunction(([name, count]) => performance.getEntriesByName(name).length === count, [measure, i + 1]);
  }
  times[name].push(...(await measures(measure)).slice(2));
}
await browser.close();
await server.close();

/** Kilobytes of what was asked for, compressed as a static host does. */
function gzipped(paths) {
  const files = [...paths].map((path) => join(built, path === "/" ? "index.html" : path)).filter(existsSync);
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0) / 1000;
}

const bars = { "first picture, 1x": 1500, "all of 1x+2x+3x": 4000, [heat]: 50, [masks]: 150 };
finish(
  "playground",
  [
    ...Object.entries(times).map(([name, ms]) => ({ name, value: round(median(ms)), unit: "ms", bar: bars[name] })),
    { name: "page can be used, without the model", value: round(interactive), unit: "ms", bar: 1000 },
    { name: "first view compares 1x and S², without the model", value: round(firstView), unit: "ms", bar: 1500 },
    { name: "transferred with s2-tiny and an example, gzip", value: round(transferred), unit: "kB", bar: 8000 },
    { name: "whole build, gzip", value: round(gzipped(all)), unit: "kB", bar: 8000 },
  ],
  {
    chromium: browser.version(),
    image: [width, height],
    files: readdirSync(join(built, "assets")).length,
    ms: Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, spread(ms)])),
  },
);
