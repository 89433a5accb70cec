/** Pages of images: names are only ever text, and every image links to its file from wherever the page lies. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { checkSheetPath, writeImageSheet } from "../../src/runtimes/node/index.ts";
import { drawImage } from "../cli/s2.ts";

const folder = mkdtempSync(join(tmpdir(), "s2-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hostile = process.platform === "win32" ? "a #&.png" : "\"><img src=x onerror=alert(1)>#?'&.png";

it("escapes names, scales boxes with the image, and shows that a file is gone", async () => {
  mkdirSync(join(folder, "photos"));
  const path = join(folder, "photos", hostile);
  await drawImage(join(folder, "drawn.png"), 96, 64);
  writeFileSync(path, readFileSync(join(folder, "drawn.png")));
  const page = join(folder, "pages/all.html");
  const box = { left: 8, top: 16, width: 32, height: 24 };
  const images = [
    { path, size: [64, 96] as const, box, caption: "<b>0.5</b>", marked: true },
    { path: join(folder, "gone.png"), size: [10, 10] as const, caption: "" },
  ];
  await writeImageSheet(page, { title: "<script>", lead: "", groups: [{ title: "&", images }] });
  const html = readFileSync(page, "utf8");
  expect(html).not.toMatch(/<img|<script|<b>0\.5/);
  expect(html).toContain('<svg viewBox="0 0 96 64"');
  expect(html).toContain('<rect class="box" x="8" y="16" width="32" height="24"/>');
  expect(html.match(/no preview/g)).toHaveLength(1);
  const [, address] = /<figure class="marked"><a href="([^"]*)"/.exec(html)!;
  expect(decodeURIComponent(address.replaceAll("&#39;", "'"))).toBe(`../photos/${hostile}`);
  expect(html).toContain("default-src 'none'"); // nothing is loaded and no script runs
});

it("writes pages alone, and not over a folder", () => {
  expect(() => checkSheetPath(join(folder, "photos", "1.png"))).toThrow("ends in .html");
  mkdirSync(join(folder, "folder.html"));
  expect(() => checkSheetPath(join(folder, "folder.html"))).toThrow("is a folder");
});
