/** examples/exported/index.html: an exported file must run in a page that has none of this package. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root, servePages } from "../../../scripts/browser.mjs";
import { buildModel, exportS2 } from "../../../src/models/index.ts";
import { skipped, startBrowser } from "./page.ts";

describe.skipIf(noChromium)(`the bare page${skipped}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await startBrowser()));
  afterAll(() => browser?.close());

  it("tells the features' dims of a picture that the user picks", async () => {
    const own = join(root, "models/s2-tiny");
    const config = JSON.parse(readFileSync(join(own, "config.json"), "utf8"));
    const dim = config.num_features;
    const built = buildModel(config, readFileSync(join(own, "model.safetensors")));
    const file = exportS2(built, {
      imageSize: 224,
      scales: [1, 2],
      numPrefixToken: 1,
      pixels: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    });
    const dist = join(root, "node_modules/onnxruntime-web/dist");
    const runtime = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
    const server = await servePages({
      folders: [join(root, "examples/exported")],
      answers: {
        "/s2.onnx": file,
        ...Object.fromEntries(runtime.map((name) => [`/ort/${name}`, readFileSync(join(dist, name))])),
      },
    });
    const page = await browser.newPage();
    try {
      await page.goto(`${server.url}/index.html`);
      await page.getByText("ready").waitFor();
      await page.setInputFiles("input", join(root, "examples/scenes/street.png"));
      const shown = page.getByText("features [");
      await shown.waitFor();
      expect(await shown.textContent()).toBe(`features [1, 197, ${2 * dim}]`);
    } finally {
      await page.close();
      await server.close();
    }
  });
});
