/** The playground as it is published: built once, served with its headers, opened in Chromium; what it asks of the network is written down. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { encode } from "fast-png";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { noChromium, root, servePages, startChromium } from "../../scripts/browser.mjs";

export const skipped = noChromium ? ` (skipped: ${noChromium})` : "";
export const built = `${root}playground/dist`;

/** Builds of the page: with WebAssembly alone, or with the library that has WebGPU too. */
type Mode = "production" | "webgpu";
const folderOf = (mode: Mode) => (mode === "webgpu" ? `${built}-webgpu` : built);

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? newest(`${folder}/${entry.name}`) : statSync(`${folder}/${entry.name}`).mtimeMs,
    ),
  );

/** Builds unless the build is newer than all that goes into it. */
export function build(mode: Mode = "production"): void {
  const page = `${folderOf(mode)}/index.html`;
  const sources = [
    "dist",
    "playground/src",
    "playground/examples",
    "playground/robot",
    "research/src/robot",
    "models/s2-tiny",
  ].map((folder) => newest(root + folder));
  const files = ["index.html", "robot.html", "sw.js", "round-weights.ts", "vite.config.ts"].map(
    (file) => statSync(`${root}playground/${file}`).mtimeMs,
  );
  if (existsSync(page) && statSync(page).mtimeMs > Math.max(...sources, ...files)) return;
  execFileSync(
    process.execPath,
    ["node_modules/vite/bin/vite.js", "build", "-c", "playground/vite.config.ts", "--mode", mode, "--logLevel", "error"],
    {
      cwd: root,
      stdio: "pipe",
    },
  );
}

export interface Playground {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** Paths that the server was asked for. */
  readonly paths: string[];
  /** Addresses of other servers that the page asked for; there must be none. */
  readonly elsewhere: string[];
  /** Console output of the page, and errors that nobody caught. */
  readonly said: string[];
  close(): Promise<void>;
}

/** Opens the page without its service worker, unless the options allow it, so that all that is asked of the server is what the page needs. */
export async function openPlayground(
  options: BrowserContextOptions = {},
  args: string[] = [],
  mode: Mode = "production",
): Promise<Playground> {
  build(mode);
  const folder = folderOf(mode);
  const server = await servePages({ folders: [folder], answers: { "/": readFileSync(`${folder}/index.html`) } });
  const browser = await startChromium(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", ...args]);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block", ...options });
  const [elsewhere, said]: [string[], string[]] = [[], []];
  context.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
  });
  context.on("console", (message) => said.push(message.text()));
  context.on("weberror", (error) => said.push(error.error().message));
  context.setDefaultTimeout(150_000); // busy cores
  const page = await context.newPage();
  await page.goto(`${server.url}/`);
  await page.locator("#cost dd").first().waitFor();
  return {
    ...{ browser, context, page, url: server.url, paths: server.paths, elsewhere, said },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** A PNG file of a square image whose pixels are a function of the position, 0 to 1 each way. */
export function pngOf(color: (x: number, y: number) => readonly [number, number, number], side = 224) {
  const data = new Uint8Array(3 * side * side);
  for (let i = 0; i < side * side; i++) data.set(color((i % side) / side, Math.floor(i / side) / side), 3 * i);
  return Buffer.from(encode({ width: side, height: side, channels: 3, depth: 8, data }));
}

/** Returns the file that the browser downloads when a button is pressed. */
export async function downloaded(page: Page, press: () => Promise<void>): Promise<{ name: string; bytes: Uint8Array }> {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
}

/** All alerts of the page that say something. */
export const alerts = async (page: Page): Promise<string> => (await page.locator('[role="alert"]').allTextContents()).join("");

/** Waits until a status or alert says so. */
export const waitForStatus = (page: Page, text: RegExp) =>
  page.waitForFunction(
    ([source]) =>
      [...document.querySelectorAll("[role=status], [role=alert]")].some(({ textContent }) =>
        new RegExp(source).test(textContent ?? ""),
      ),
    [text.source],
  );
