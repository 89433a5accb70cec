/** The page beside an exported head: in a browser with onnxruntime-web alone it shows what the library predicts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { noChromium, root, servePages } from "../../../scripts/browser.mjs";
import { type ExportedSample, expectLine, exportSamples, png, tasks } from "../../tasks/exported-samples.ts";
import { skipped, startBrowser } from "./page.ts";

describe.skipIf(noChromium)(`the page beside an exported head${skipped}`, () => {
  let browser: Browser;
  let samples: ReadonlyMap<string, ExportedSample>;
  beforeAll(async () => {
    [browser, samples] = [await startBrowser(), await exportSamples()];
  });
  afterAll(() => browser?.close());

  it.each(tasks)("%s", async (task) => {
    const { file, program, line } = samples.get(task)!;
    const dist = join(root, "node_modules/onnxruntime-web/dist");
    const runtime = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
    const server = await servePages({
      folders: [],
      answers: {
        "/": program("html"),
        [`/${task}.onnx`]: file,
        ...Object.fromEntries(runtime.map((name) => [`/ort/${name}`, readFileSync(join(dist, name))])),
      },
    });
    const page = await browser.newPage();
    try {
      await page.goto(`${server.url}/`);
      await page.getByText("ready").waitFor();
      await page.setInputFiles("input", { name: "photo.png", mimeType: "image/png", buffer: Buffer.from(png()) });
      const shown = page.getByText(/\d\.\d/);
      await shown.waitFor();
      expectLine((await shown.textContent()) ?? "", line);
    } finally {
      await page.close();
      await server.close();
    }
  });
});
