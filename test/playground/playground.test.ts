/** The playground as a visitor uses it, on the built page under its Content-Security-Policy, with s2-tiny in WebAssembly. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roundWeights } from "../../playground/round-weights.ts";
import { noChromium, root } from "../../scripts/browser.mjs";
import type { Features } from "../../src/features/features.ts";
import { imageTokens } from "../../src/features/index.ts";
import { clickable, readHead, segmentClicks } from "../../src/heads/index.ts";
import type { Model } from "../../src/runtimes/model.ts";
import { accessTests } from "./access.ts";
import { hostileTests } from "./hostile.ts";
import { labelTests } from "./label.ts";
import { offlineTests } from "./offline.ts";
import { alerts, downloaded, openPlayground, type Playground, pngOf, skipped, waitForStatus } from "./page.ts";
import { robotTests } from "./robot.ts";
import { webgpuTests } from "./webgpu.ts";

// As built: a model's worker is a file of the build.
const { extract, loadImage, loadModel, openGraph, planImage, principalColors, readSafetensors } = (await import(
  `${root}dist/node.js`
)) as typeof import("../../src/node.ts");

/** Stripes above, a plain color below. */
const image = pngOf((x, y) => (y < 0.5 ? (Math.floor(x * 28) % 2 ? [220, 40, 40] : [30, 30, 160]) : [90, 200, 90]));
const scales = [1, 2];
/** Options of the page's plans. */
const options = { preset: "dense", scales, tileFraction: 1 } as const;

describe.skipIf(noChromium)(`the playground${skipped}`, () => {
  let play: Playground;
  let model: Model;
  let seen: Features;
  const folder = mkdtempSync(join(tmpdir(), "s2-playground-"));
  beforeAll(async () => {
    // The page's model: s2-tiny with rounded weights.
    const tiny = `${root}models/s2-tiny`;
    copyFileSync(`${tiny}/config.json`, join(folder, "config.json"));
    writeFileSync(join(folder, "model.safetensors"), roundWeights(readFileSync(`${tiny}/model.safetensors`)));
    [play, model] = await Promise.all([openPlayground(), loadModel(folder)]);
    seen = await extract(model, await loadImage(image), options);
  }); // the page is built
  afterAll(async () => {
    await play?.close();
    await model?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows what S² changes at once: nothing of the model is fetched before somebody asks for features", async () => {
    const { page } = play;
    await page.waitForFunction(() => performance.getEntriesByName("s2:first-view").length > 0);
    expect(await page.locator("#panel-compare .badge").allTextContents()).toEqual(["1x", "S²: 1x+2x+3x"]);
    expect(await page.locator("#panel-compare .zooms figcaption").allTextContents()).toEqual([
      "1x 32 × 32 px",
      "2x 96 × 64 px",
      "3x 144 × 96 px",
    ]);
    expect(play.paths.filter((path) => /model-\S+\.safetensors|\.wasm|worker/.test(path))).toEqual([]);
    expect(await page.locator("#extract").isEnabled()).toBe(true);
    expect(await page.locator("#stop").isVisible()).toBe(false);
  });

  it("compares places of the first view, and moves the lens and the border by keys", async () => {
    const { page } = play;
    const picture = (selector: string) => page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const heat = "#panel-compare .second";
    const zoom = "#panel-compare .zooms canvas >> nth=2";
    const before = [await picture(heat), await picture(zoom)];
    await page.click('#panel-compare button:text-is("Red car")');
    expect(await page.getAttribute('#panel-compare button:text-is("Red car")', "aria-pressed")).toBe("true");
    expect(await picture(heat)).not.toBe(before[0]);
    expect(await picture(zoom)).not.toBe(before[1]);
    await page.focus('#panel-compare canvas[role="application"]');
    const atCar = await picture(zoom);
    await page.keyboard.press("Shift+ArrowRight");
    expect(await picture(zoom)).not.toBe(atCar);
    await page.focus("#panel-compare input[type=range]");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    const split = page.locator("#panel-compare .split");
    expect(await split.evaluate((element) => (element as HTMLElement).style.getPropertyValue("--split"))).toBe("53%");
    expect(play.paths.filter((path) => /model-\S+\.safetensors|\.wasm|worker/.test(path))).toEqual([]);
  });

  it("says in words what is wrong with an image, a name on the hub, a file as a model, and where", async () => {
    const { page } = play;
    await page.setInputFiles("#image-file", { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("not an image") });
    await expect.poll(() => page.locator("#image-choice [role=alert]").textContent()).toMatch(/is not an image/);
    await page.selectOption("#model-kind", "hub");
    await page.fill("#model-hub", "nobody");
    await page.click("#model-load");
    await expect.poll(() => page.locator("#model-choice [role=alert]").textContent()).toMatch(/expected owner\/name/);
    await page.selectOption("#model-kind", "file");
    await page.setInputFiles("#model-file", { name: "x.onnx", mimeType: "", buffer: Buffer.from("no graph") });
    await page.click("#model-load");
    await expect.poll(() => page.locator("#model-choice [role=alert]").textContent()).toMatch(/onnx|ONNX/);
    await page.selectOption("#model-kind", "bundled");
  });

  it("tells tiles, megabytes and time before it looks, for the scales that are chosen", async () => {
    const { page } = play;
    await page.setInputFiles("#image-file", { name: "field.png", mimeType: "image/png", buffer: image });
    await page.locator('#scales input[value="3"]').uncheck();
    const plan = planImage({ width: 224, height: 224 }, options, model.traits);
    await expect
      .poll(() => page.locator("#cost").textContent())
      .toBe(`Tiles${plan.tiles} (1 + 4)Timeknown once the model is loadedPresetdense`);
    await page.click("#model-load");
    await waitForStatus(page, /s2-tiny runs on this device's processor \(\d+ threads?\): /);
    expect(await page.locator("#cost").textContent()).toMatch(/Memory[\d.]+ MBTimeabout [\d.]+ s/);
    expect(await page.locator("#image-name").textContent()).toBe("field.png, 224 × 224 pixels");
    expect(await alerts(page)).toBe("");
  });

  it("shows features scale by scale, and they are Node's", async () => {
    const { page } = play;
    await page.click("#tab-features");
    await page.click("#extract");
    await waitForStatus(page, new RegExp(`^5 tiles in [\\d.]+ s: 28 x 28 tokens of ${seen.dims[2]} channels`));
    expect(await page.locator("#stop").isVisible()).toBe(false);
    expect(await page.locator("#colors figcaption").allTextContents()).toEqual(["1x: 14 × 14 tokens", "2x: 28 × 28 tokens"]);
    const shown = await page
      .locator("#colors canvas")
      .evaluateAll((all) =>
        all.map((each) => [...(each as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 28, 28).data]),
      );
    const { data: values, dims, grid, plan } = seen;
    const channels = dims[2] / 2;
    const maps = [0, 1].map((scale) => {
      const tokens = Array.from(
        { length: grid.rows * grid.cols },
        (_, t) => (plan.numPrefixToken + t) * dims[2] + scale * channels,
      );
      return { ...grid, channels, data: Float32Array.from(tokens.flatMap((at) => [...values.subarray(at, at + channels)])) };
    });
    principalColors(maps).forEach(({ data: expected }, scale) => {
      // Sums in another order differ in their last digits.
      for (let t = 0; t < 28 * 28; t++)
        for (let c = 0; c < 3; c++) expect(Math.abs(shown[scale][4 * t + c] - expected[3 * t + c])).toBeLessThanOrEqual(3);
    });
    await page.click("#tab-export");
    const { name, bytes } = await downloaded(page, () => page.click('text="safetensors"'));
    const { tensors, metadata } = readSafetensors(bytes);
    expect(name).toBe("field.safetensors");
    expect(tensors.features.dims).toEqual(seen.dims);
    expect(JSON.parse(metadata!.plan)).toEqual(JSON.parse(JSON.stringify(seen.plan)));
    const data = tensors.features.data as Float32Array;
    expect(data.reduce((most, value, i) => Math.max(most, Math.abs(value - seen.data[i])), 0)).toBeLessThan(1e-3);
    const npy = await downloaded(page, () => page.click('text="npy"'));
    expect(Buffer.from(npy.bytes.subarray(-data.byteLength)).equals(Buffer.from(data.slice().buffer))).toBe(true);
  });

  it("skips tiles without detail when asked: what runs is counted, drawn and explained, and the features are Node's", async () => {
    const { page } = play;
    await page.click("#tab-features");
    const drawn = () =>
      page
        .locator("#panel-features canvas")
        .first()
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await drawn();
    const seconds = async () => Number(/Timeabout ([\d.]+) s/.exec((await page.locator("#cost").textContent())!)![1]);
    const all = await seconds();
    await page.selectOption("#tile-fraction", "0.7");
    const skipping = await extract(model, await loadImage(image), { ...options, tileFraction: 0.7 });
    expect(skipping.plan.scales[1].skipped).toEqual([2, 3]); // the plain half
    await expect.poll(() => page.locator("#cost dd").first().textContent()).toBe("3 of 5 tiles run (1 + 2 of 4)");
    expect((await seconds()) / all).toBeCloseTo(3 / 5, 1);
    expect(await drawn()).not.toBe(before);
    expect(await page.locator("#plan-warnings li").first().textContent()).toMatch(
      /^2x: 2 of 4 tiles skipped \(dashed\)\. They show little that 1x does not: .* by [\d.]+( to [\d.]+)? of 255 levels/,
    );
    expect(await page.locator("#colors canvas").count()).toBe(0); // those of all tiles are gone
    await page.click("#extract");
    await waitForStatus(page, /^3 tiles in [\d.]+ s: 28 x 28 tokens/);
    await page.click("#tab-export");
    const { bytes } = await downloaded(page, () => page.click('text="safetensors"'));
    const { tensors } = readSafetensors(bytes);
    const data = tensors.features.data as Float32Array;
    expect(data.reduce((most, value, i) => Math.max(most, Math.abs(value - skipping.data[i])), 0)).toBeLessThan(1e-3);
    await page.selectOption("#tile-fraction", "1");
    await expect.poll(() => page.locator("#plan-warnings").textContent()).not.toMatch(/skipped/);
    expect(await alerts(page)).toBe("");
  });

  it("gives an ONNX file of the model and the scales that gives these features in Node", async () => {
    const { name, bytes } = await downloaded(play.page, () => play.page.click('text="ONNX file"'));
    expect(name).toBe("s2-tiny-1x+2x.onnx");
    const graph = await openGraph(bytes);
    const side = 448;
    const gray = new Uint8Array(3 * side * side).fill(128);
    const { features } = await graph.run({ pixels: { dims: [1, side, side, 3], data: gray } });
    await graph.close();
    const wanted = await extract(model, { width: side, height: side, channels: 3, data: gray }, options);
    expect(features.dims).toEqual(wanted.dims);
    const given = features.data as Float32Array;
    expect(given.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted.data[i])), 0)).toBeLessThan(1e-2);
  });

  it("shows what is similar to a place at 1x and with S², by pointer and by keys", async () => {
    const { page } = play;
    await page.click("#tab-compare");
    const photo = page.locator('#panel-compare canvas[role="application"]');
    const canvases = page.locator("#panel-compare .split canvas");
    expect(await page.locator("#panel-compare .badge").allTextContents()).toEqual(["1x", "S²: 1x+2x"]);
    const picture = () => canvases.last().evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await picture();
    await photo.click({ position: { x: 40, y: 300 } });
    await waitForStatus(page, /^Compared with the place at \d+, \d+ of field\.png/);
    const clicked = await picture();
    expect(clicked).not.toBe(before);
    // The plain half is where the click was: heat there, dark stripes above.
    const light = (x: number, y: number) =>
      canvases.last().evaluate(
        (canvas, [across, down]) => {
          const { width, height } = canvas as HTMLCanvasElement;
          const [r, g, b] = (canvas as HTMLCanvasElement)
            .getContext("2d")!
            .getImageData(across * width, down * height, 1, 1).data;
          return r + g + b;
        },
        [x, y] as const,
      );
    expect(await light(0.7, 0.8)).toBeGreaterThan(await light(0.7, 0.2));
    await photo.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowUp");
    await page.keyboard.press("Enter");
    await expect.poll(picture).not.toBe(clicked);
    expect(await alerts(page)).toBe("");
  });

  it("segments by clicks; undo takes one back; mask and head are the package's", async () => {
    const { page } = play;
    await page.click("#tab-segment");
    const canvas = page.locator("#panel-segment canvas").last();
    const { width, height } = (await canvas.boundingBox())!;
    const click = (x: number, y: number) => canvas.click({ position: { x: x * width, y: y * height } });
    const shares = () => page.locator("#panel-segment p[role=status]").textContent();
    await click(0.5, 0.25);
    await page.locator("#panel-segment input[type=radio]").nth(1).check();
    await click(0.5, 0.75);
    await expect.poll(shares).toMatch(/^1x: object \d+ %, background \d+ %\. S²: 1x\+2x: object \d+ %, background \d+ %\.$/);
    const two = await shares();
    await click(0.1, 0.1);
    await expect.poll(shares).not.toBe(two);
    await page.click('text="Undo"');
    await expect.poll(shares).toBe(two);
    const { name, bytes } = await downloaded(page, () => page.click('text="Mask as PNG"'));
    expect(name).toBe("field-mask.png");
    const areas = await downloaded(page, () => page.click('text="Areas as CSV"'));
    expect(new TextDecoder().decode(areas.bytes)).toMatch(
      /^file,label,percent of the image\nfield\.png,object,[\d.]+\nfield\.png,background,[\d.]+\n$/,
    );
    const classes = await downloaded(page, () => page.click('#panel-segment button:text-is("classes.txt")'));
    expect(new TextDecoder().decode(classes.bytes)).toBe("object\nbackground\n");
    const mask = decode(bytes);
    expect([mask.width, mask.height, mask.channels]).toEqual([224, 224, 1]);
    const at = (x: number, y: number, label: number) => ({ x: x * 224, y: y * 224, label });
    const expected = segmentClicks(clickable(imageTokens(seen)), [at(0.5, 0.25, 0), at(0.5, 0.75, 1)], 2);
    const same = expected.data.filter((label, i) => label === mask.data[i]).length;
    expect(same / expected.data.length).toBeGreaterThan(0.99);
    const json = await downloaded(page, () => page.click('#panel-segment button:text-is("head.json")'));
    const weights = await downloaded(page, () => page.click('#panel-segment button:text-is("head.safetensors")'));
    expect(readHead(new TextDecoder().decode(json.bytes), weights.bytes)).toMatchObject({
      kind: "segmentation",
      classes: ["object", "background"],
    });
  });

  const album = Object.fromEntries(
    (
      [
        [220, 40, 40],
        [30, 30, 160],
        [90, 200, 90],
        [200, 200, 40],
      ] as const
    ).map((color, i) => [
      `image-${i}.png`,
      // The same stripes, in a corner of its own on a color of its own; the first two alike.
      pngOf((x, y) => (i < 2 && x > 0.5 && y < 0.5 ? (Math.floor(x * 28) % 2 ? [220, 40, 40] : [30, 30, 160]) : color)),
    ]),
  );
  const files = Object.entries(album).map(([name, buffer]) => ({ name, mimeType: "image/png", buffer }));

  it("finds a thing in the user's images, says where, and knows the images on the next visit", async () => {
    const { page, context, url } = play;
    await page.click("#tab-find");
    await page.setInputFiles("#album-files", files);
    await expect.poll(() => page.locator("#panel-find .gallery li").count()).toBe(files.length);
    await waitForStatus(page, /^4 images, indexed once/);
    expect(await page.locator("#panel-find button:text-is('Stop')").isVisible()).toBe(false);
    const drawBox = async () => {
      const canvas = page.locator("#panel-find canvas").first();
      await canvas.scrollIntoViewIfNeeded();
      const box = (await canvas.boundingBox())!;
      await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.1 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.4 * box.height, { steps: 3 });
      await page.mouse.up();
      await waitForStatus(page, /^4 of 4 images/);
    };
    await drawBox();
    expect(await page.locator("#panel-find h2").allTextContents()).toEqual(["1x", "S²: 1x+2x"]);
    const results = page.locator("#panel-find .small").last().locator("canvas");
    const found = await results.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")!));
    expect(
      found
        .slice(0, 2)
        .map((text) => text.split(",")[0])
        .sort(),
    ).toEqual(["image-0.png", "image-1.png"]);
    for (const text of found.slice(0, 2)) {
      const [, left, top] = /at (\d+), (\d+)/.exec(text)!.map(Number);
      expect(left).toBeGreaterThan(80);
      expect(top).toBeLessThan(112);
    }
    // An image of the album is not computed again.
    const extractions = () => page.evaluate(() => performance.getEntriesByName("s2:extract").length);
    const before = await extractions();
    await page.click('#panel-find .gallery button:has(img[alt="Open image-1.png"])');
    await expect.poll(() => page.locator("#image-name").textContent()).toMatch(/^image-1\.png/);
    await expect.poll(() => results.count()).toBe(0);
    await drawBox();
    await expect.poll(() => results.count()).toBe(4);
    expect(await extractions()).toBe(before);
    const again = await context.newPage();
    await again.goto(`${url}/`);
    await again.click("#tab-find");
    await expect.poll(() => again.locator("#panel-find .gallery img").count()).toBe(files.length);
    await again.close();
  });

  it("sorts the rest of the images by those that have labels, and gives the head", async () => {
    const { page } = play;
    await page.click("#tab-sort");
    await page.click('text="Sort the rest"');
    await expect.poll(() => page.locator("#panel-sort [role=alert]").textContent()).toMatch(/at least two/);
    await page.getByLabel("Label of image-0.png").fill("striped");
    await page.getByLabel("Label of image-2.png").fill("plain");
    await page.click('text="Sort the rest"');
    await waitForStatus(page, /2 images with labels sorted 2 others/);
    expect(await page.locator('#panel-sort [aria-label="striped"]').textContent()).toContain("image-1.png");
    expect(await page.locator('#panel-sort [aria-label="plain"]').textContent()).toContain("image-3.png");
    const json = await downloaded(page, () => page.click('#panel-sort button:text-is("head.json")'));
    const table = await downloaded(page, () => page.click('text="Labels as CSV"'));
    const rows = new TextDecoder().decode(table.bytes).split("\n");
    expect(rows.slice(0, 3)).toEqual(["file,label,score", "image-0.png,striped,", "image-2.png,plain,"]);
    expect(rows[3]).toMatch(/^image-1\.png,striped,[\d.]+$/);
    expect(JSON.parse(new TextDecoder().decode(json.bytes))).toMatchObject({ kind: "neighbors", classes: ["plain", "striped"] });
  });

  it("refuses to compare images of other scales or another fraction of tiles, and says the way out", async () => {
    const { page } = play;
    await page.locator('#scales input[value="2"]').uncheck();
    await page.click('text="Sort the rest"');
    await expect.poll(() => page.locator("#panel-sort [role=alert]").textContent()).toMatch(/index was made with/);
    await page.locator('#scales input[value="2"]').check();
    await page.click('text="Sort the rest"');
    await expect.poll(() => page.locator("#panel-sort [role=alert]").textContent()).not.toMatch(/index was made with/);
    await page.selectOption("#tile-fraction", "0.5");
    await page.click('text="Sort the rest"');
    await expect
      .poll(() => page.locator("#panel-sort [role=alert]").textContent())
      .toMatch(/index was made with.*"tileFraction":1.*"tileFraction":0\.5/);
    await page.selectOption("#tile-fraction", "1");
    await page.click("#tab-find");
    await page.click('text="Remove all images"');
    await expect.poll(() => page.locator("#panel-find .gallery li").count()).toBe(0);
  });

  it("takes an image from the clipboard, by a drop, of the examples and of the camera", async () => {
    const { page } = play;
    const give = (event: string) =>
      page.evaluate(
        ([kind, base64]) => {
          const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "given.png", { type: "image/png" }));
          const options = { bubbles: true, cancelable: true };
          const given =
            kind === "paste"
              ? new ClipboardEvent("paste", { ...options, clipboardData: data })
              : new DragEvent("drop", { ...options, dataTransfer: data });
          document.body.dispatchEvent(given);
        },
        [event, image.toString("base64")] as const,
      );
    const tiles = () => page.locator("#cost dd").first().textContent();
    const other = async () => {
      await page.click('#examples button:text-is("Words")');
      await expect.poll(tiles).toMatch(/^7 \(1 \+ 6\)/);
    };
    for (const kind of ["paste", "drop"]) {
      await other();
      await give(kind);
      await expect.poll(tiles).toMatch(/^5 \(1 \+ 4\)/);
    }
    await page.click("#camera");
    await page.locator("#camera-video").waitFor();
    await page.click("#camera-take");
    await expect.poll(tiles).toMatch(/^7 \(1 \+ 6\)/); // the false camera's images are 4:3
    expect(await alerts(page)).toBe("");
  });

  hostileTests(() => play);

  labelTests(() => play);

  accessTests(() => play.page);

  robotTests(() => play);

  it("asked no other server, and nothing that its policy forbids", async () => {
    expect(play.elsewhere).toEqual([]);
    expect(play.said.filter((text) => /policy|refused|error/i.test(text))).toEqual([]);
    const policy = play.page.locator('meta[http-equiv="Content-Security-Policy"]');
    expect(await policy.getAttribute("content")).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  });
});

offlineTests();
webgpuTests();
