/** Region search: indexes the user's images and finds regions similar to a box drawn on any of them. */
import { regionVector, search } from "s2-vision/retrieval";
import type { Box } from "s2-vision/web";
import { addFiles, emptyAlbum, openAlbum } from "./album.ts";
import { attempt, button, make, showProgress } from "./dom.ts";
import { outline } from "./draw.ts";
import { imageCanvas } from "./image-canvas.ts";
import { chooseImage } from "./images.ts";
import { type KeptImage, keptImages } from "./kept.ts";
import { extractOnce } from "./run-extraction.ts";
import { onChange, session } from "./session.ts";

/** Fires when images are added or removed. */
export const albumChanged = new EventTarget();
const changed = () => albumChanged.dispatchEvent(new Event("change"));

/** Controls of the album: pick files, pick a folder, remove all images. */
export function setUpFind(panel: HTMLElement): void {
  const bar = make("progress", { hidden: true });
  bar.setAttribute("aria-label", "Images indexed");
  const state = make("p", { className: "hint" });
  state.setAttribute("role", "status");
  const results = make("div", { className: "panels small" });
  results.setAttribute("aria-label", "Results");
  results.setAttribute("role", "group");
  const gallery = make("ul", { className: "gallery" });
  let running: AbortController | undefined;
  const take = (input: HTMLInputElement) =>
    attempt(panel, async () => {
      const files = [...(input.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      running = new AbortController();
      try {
        const refused = await addFiles(files, (done) => showProgress(bar, done, files.length), running.signal);
        if (refused.length > 0) throw new Error(refused.join(" "));
      } finally {
        bar.hidden = true;
        input.value = "";
        changed();
      }
    });
  const query = (box: Box) =>
    attempt(panel, async () => {
      const { tokens } = await extractOnce();
      const { index, images } = await openAlbum();
      image.redraw((context, scale) => outline(context, box, scale, "#fbbf24"));
      const start = performance.now();
      const hits = await search(index, { region: regionVector(tokens, box) }, { top: 12 });
      const took = performance.now() - start;
      results.replaceChildren(...(await Promise.all(hits.map((hit) => resultOf(images.get(hit.image)!, hit)))));
      state.textContent = `${hits.length} of ${images.size} images, most similar first, in ${Math.round(took)} ms.`;
    });
  const image = imageCanvas({
    label: "The image: draw a box around the region to search for",
    caption: "Draw a box",
    onBox: query,
  });
  onChange(["shown"], () => {
    const { shown } = session;
    if (shown) image.show(shown.drawn, shown.image.width);
  });
  const empty = () =>
    attempt(panel, async () => {
      running?.abort();
      await emptyAlbum();
      results.replaceChildren();
      changed();
    });
  panel.append(
    make(
      "div",
      { className: "row" },
      ...picker("album-files", "Add images…", take),
      ...picker("album-folder", "Add a folder…", take, true),
    ),
    make(
      "div",
      { className: "row" },
      button("Stop", () => running?.abort()),
      button("Remove all images", empty),
    ),
    bar,
    gallery,
    make("div", { className: "panels wide" }, image.figure),
    state,
    results,
  );
  albumChanged.addEventListener("change", () => void attempt(panel, () => drawGallery(gallery)));
  void attempt(panel, () => drawGallery(gallery));
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

/** Lists every image as a button that opens it, to draw a box on. */
async function drawGallery(gallery: HTMLElement): Promise<void> {
  const images = await keptImages();
  gallery.replaceChildren(
    ...images.map(({ path, picture }) => {
      const open = button("", () => chooseImage(picture, path));
      open.append(thumbnail(picture, `Open ${path}`));
      return make("li", {}, open);
    }),
  );
}

/** Creates a thumbnail; its object URL is revoked once it is drawn. */
export function thumbnail(picture: Blob, alt: string): HTMLImageElement {
  const image = make("img", { src: URL.createObjectURL(picture), alt });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}

async function resultOf(image: KeptImage, { box, score }: { box: Box; score: number }): Promise<HTMLElement> {
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
