/** Region search: indexes the user's images and finds regions similar to a box drawn on any of them, with one scale and with all. */
import { regionVector, search } from "s2-vision/retrieval";
import type { Box } from "s2-vision/web";
import { addFiles, emptyAlbum, openAlbum, tokensOfSides } from "./album.ts";
import { attempt, button, make, showProgress } from "./dom.ts";
import { outline } from "./draw.ts";
import { imageCanvas } from "./image-canvas.ts";
import { chooseImage } from "./images.ts";
import { type KeptImage, keptImages } from "./kept.ts";
import { extractAll } from "./run-extraction.ts";
import { onChange, session, sides } from "./session.ts";

/** Fires when images are added or removed. */
export const albumChanged = new EventTarget();
const changed = () => albumChanged.dispatchEvent(new Event("change"));

/** Controls of the album: pick files, pick a folder, remove all images. */
export function setUpFind(panel: HTMLElement): void {
  const bar = make("progress", { hidden: true });
  bar.setAttribute("aria-label", "Images indexed");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const results = make("div", { className: "panels two always", role: "group", ariaLabel: "Results" });
  const gallery = make("ul", { className: "gallery" });
  const stop = button("Stop", () => running?.abort());
  stop.hidden = true;
  let running: AbortController | undefined;
  let box: Box | undefined;
  const find = async () => {
    if (!box) return;
    const hits = await searchAlbum(box);
    const figures = await Promise.all(hits.map(({ caption, images }, side) => columnOf(caption, images, side)));
    results.replaceChildren(...figures);
  };
  const take = (input: HTMLInputElement) =>
    attempt(panel, async () => {
      const files = [...(input.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      const { signal } = (running = new AbortController());
      const pickers = panel.querySelectorAll<HTMLInputElement>("input[type=file]");
      for (const picker of pickers) picker.disabled = true;
      stop.hidden = false;
      const onProgress = (done: number, path: string) => {
        showProgress(bar, done, files.length);
        state.textContent = `${done} of ${files.length} images; now ${path}`;
        if (done === 0) return;
        changed();
        void attempt(panel, find); // among those that are there
      };
      try {
        const refused = await addFiles(files, onProgress, signal);
        await find();
        state.textContent = `${(await keptImages()).length} images, indexed once and kept in this browser.`;
        if (refused.length > 0) throw new Error(refused.join(" "));
      } finally {
        stop.hidden = bar.hidden = true;
        for (const picker of pickers) picker.disabled = false;
        input.value = "";
        changed();
      }
    });
  const query = (drawn: Box) =>
    attempt(panel, async () => {
      box = drawn;
      results.replaceChildren();
      image.redraw((context, scale) => outline(context, drawn, scale, "#fbbf24"));
      await find();
      results.scrollIntoView({ block: "nearest" });
      const { images } = await openAlbum();
      state.textContent = `${Math.min(TOP, images.size)} of ${images.size} images, most similar first.`;
    });
  const image = imageCanvas({
    label: "The image: draw a box around the region to search for",
    caption: "Draw a box",
    onBox: query,
  });
  onChange(["shown"], () => {
    const { shown } = session;
    box = undefined;
    results.replaceChildren();
    if (shown) image.show(shown.drawn, shown.image.width);
  });
  onChange(["scales", "tileFraction", "loaded"], () => results.replaceChildren());
  const empty = () =>
    attempt(panel, async () => {
      running?.abort();
      await emptyAlbum();
      results.replaceChildren();
      state.textContent = "";
      changed();
    });
  panel.append(
    make(
      "div",
      { className: "row" },
      ...picker("album-files", "Add images…", take),
      ...picker("album-folder", "Add a folder…", take, true),
      stop,
      button("Remove all images", empty),
    ),
    bar,
    state,
    gallery,
    make("div", { className: "panels wide" }, image.figure),
    results,
  );
  albumChanged.addEventListener("change", () => void attempt(panel, () => drawGallery(gallery)));
  void attempt(panel, () => drawGallery(gallery));
}

/** The most images of a result. */
const TOP = 12;

interface Found {
  readonly image: KeptImage;
  readonly box: Box;
  readonly score: number;
}

/** Searches with the first scale and with all; an image of the album has its features already. */
async function searchAlbum(box: Box): Promise<{ caption: string; images: Found[] }[]> {
  const { indexes, images } = await openAlbum();
  const { image, kept } = session.shown!;
  const fromAlbum = kept === undefined ? undefined : images.get(kept);
  const { tokens } = fromAlbum ?? (await extractAll());
  const scale = tokens.size[1] / image.width; // the album's pictures are smaller copies
  const region = { left: box.left * scale, top: box.top * scale, width: box.width * scale, height: box.height * scale };
  const captions = sides();
  return Promise.all(
    tokensOfSides(tokens).map(async (ofSide, side) => {
      const hits = await search(indexes[side], { region: regionVector(ofSide, region) }, { top: TOP });
      return {
        caption: captions[side],
        images: hits.map((hit) => ({ image: images.get(hit.image)!, box: hit.box, score: hit.score })),
      };
    }),
  );
}

async function columnOf(caption: string, found: readonly Found[], side: number): Promise<HTMLElement> {
  const heading = make("h2", { textContent: caption, id: `find-side-${side}` });
  const column = make("div", { className: "panels small", role: "group" }, ...(await Promise.all(found.map(resultOf))));
  column.setAttribute("aria-labelledby", heading.id);
  return make("div", {}, heading, column);
}

function picker(id: string, text: string, take: (input: HTMLInputElement) => void, folder = false): HTMLElement[] {
  const input = make("input", {
    type: "file",
    id,
    className: "away",
    accept: "image/*",
    multiple: true,
    webkitdirectory: folder,
  });
  input.addEventListener("change", () => take(input));
  return [make("label", { className: "button", htmlFor: id, textContent: text }), input];
}

/** Lists every image as a button that opens it, to draw a box on; those that are listed stay as they are. */
async function drawGallery(gallery: HTMLElement): Promise<void> {
  const listed = new Map([...gallery.querySelectorAll("li")].map((item) => [item.dataset.path, item]));
  const items = (await keptImages()).map(({ path, picture }) => {
    const known = listed.get(path);
    if (known) return known;
    const open = button("", () => chooseImage(picture, path, { kept: path }));
    open.append(thumbnail(picture, `Open ${path}`));
    const item = make("li", {}, open, make("span", { textContent: path }));
    item.dataset.path = path;
    return item;
  });
  gallery.replaceChildren(...items);
}

/** Creates a thumbnail; its object URL is revoked once it is drawn. */
export function thumbnail(picture: Blob, alt: string): HTMLImageElement {
  const image = make("img", { src: URL.createObjectURL(picture), alt });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}

async function resultOf({ image, box, score }: Found): Promise<HTMLElement> {
  const caption = `${image.path}, ${score.toFixed(2)}`;
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${caption}: at ${Math.round(box.left)}, ${Math.round(box.top)}`);
  const bitmap = await createImageBitmap(image.picture);
  [canvas.width, canvas.height] = [256, Math.round((256 * bitmap.height) / bitmap.width)];
  const context = canvas.getContext("2d")!;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  outline(context, box, canvas.width / image.size[1], "#fbbf24");
  bitmap.close();
  return make("figure", {}, canvas, make("figcaption", { textContent: caption }));
}
