/** `contactSheet`: a page of sorted images on which their classes are corrected and saved as a CSV file; it loads nothing else. */
import { basename, join } from "node:path";
import { SCRIPT, STYLE } from "./contact-sheet-page.ts";
import { quotePath } from "./quote-path.ts";
import { escapeHtml, sheetPage, thumbnail } from "./sheet-parts.ts";
import { folderOf, type SortedImage, UNSURE } from "./sorted-images.ts";

/** Longest side of a thumbnail in pixels. */
const SIDE = 160;

/** Draws the page: a section for each folder, the unsure one first, and in each the least confident image first. */
export async function contactSheet(
  images: readonly SortedImage[],
  classes: readonly string[],
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const found = [...new Set(images.map(({ path }) => folderOf(path)))];
  const names = found.sort((a, b) => Number(b === UNSURE) - Number(a === UNSURE) || (a < b ? -1 : 1));
  const [links, sections]: [string[], string[]] = [[], []];
  for (const [i, name] of names.entries()) {
    const inside = images.filter(({ path }) => folderOf(path) === name).sort((a, b) => a.confidence - b.confidence);
    const cards: string[] = [];
    for (const image of inside) {
      signal?.throwIfAborted();
      cards.push(card(image, name === UNSURE ? "" : image.class, await thumbnail(join(folder, image.path), SIDE)));
    }
    const title = escapeHtml(name === UNSURE ? "Unsure" : inside[0].class);
    links.push(`<a href="#s${i}"><bdi>${title}</bdi> ${inside.length}</a>`);
    sections.push(`<section id="s${i}"><h2><bdi>${title}</bdi> <small>${inside.length}</small></h2>
<div class="grid">${cards.join("")}</div></section>`);
  }
  const options = classes.map((name) => `<option value="${escapeHtml(name)}">${escapeHtml(name)}</option>`);
  const fit = `s2 fit ${quotePath(folder)} --list corrected.csv --test-fraction 0.2 -o heads/corrected`;
  const body = `<header>
<div><h1>${images.length} ${images.length === 1 ? "image" : "images"} sorted</h1>
<p>Press the right class of an image. An image without a pressed class is left out.</p></div>
<div class="save"><output id="count" aria-live="polite"></output><button type="button" id="save">Save corrected.csv</button></div>
<nav aria-label="Classes">${links.join("")}</nav>
</header>
<main>${sections.join("\n")}</main>
<footer><p>Put corrected.csv into this folder, then fit a head to it:</p><pre><code>${escapeHtml(fit)}</code></pre></footer>
<template id="classes">${options.join("")}</template>`;
  return sheetPage({ title: `Predictions: ${basename(folder)}`, body, style: STYLE, script: SCRIPT });
}

function card(image: SortedImage, label: string, picture: string | undefined): string {
  const name = escapeHtml(basename(image.path));
  const choices = [
    { value: image.class, score: image.confidence },
    { value: image.second, score: image.secondConfidence },
  ].filter(({ value }) => value !== "");
  const buttons = choices.map(({ value, score }) => {
    const percent = Math.round(100 * Math.min(1, Math.max(0, score)));
    return `<button type="button" value="${escapeHtml(value)}" title="${escapeHtml(value)}" aria-pressed="${value === label}" style="--score:${percent}%"><bdi>${escapeHtml(value)}</bdi><span>${score.toFixed(2)}</span></button>`;
  });
  const drawn = picture ? `<img src="${picture}" alt="" decoding="async">` : "<p>no preview</p>";
  return `<figure data-path="${escapeHtml(image.path)}" data-label="${escapeHtml(label)}" data-predicted="${escapeHtml(image.class)}">
<div class="picture">${drawn}</div>
<figcaption title="${escapeHtml(image.source)}"><bdi>${name}</bdi></figcaption>
<div class="choices" role="group" aria-label="Class of ${name}">${buttons.join("")}<select aria-label="Another class for ${name}"><option value="">another class</option></select></div>
</figure>`;
}
